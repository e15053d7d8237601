import Terminal

extension WizardModel {
  /// Adds a field of the page: its title, its options, its hint, and its problem.
  func add(_ field: Field, to builder: inout RowBuilder) {
    let key = session.step.key(field)
    switch field.kind {
    case .choice(let options), .multipleChoice(let options):
      addTitle(of: field, to: &builder)
      let shown = shownIDs(key)
      for option in options where shown?.contains(option.id) ?? true {
        add(option, of: key, isMultiple: field.isMultiple, to: &builder)
      }
    case .yesNo(let yes, let no):
      addTitle(of: field, to: &builder)
      for option in [yes, no] { add(option, of: key, isMultiple: false, to: &builder) }
    case .table(let columns, let rows): addTable(columns, rows, key, to: &builder)
    case .decisions(let items, let among):
      addTitle(of: field, to: &builder)
      add(items, among, key, to: &builder)
    case .text(let placeholder): addInput(field, key, placeholder: placeholder, to: &builder)
    case .path, .secret, .confirmation: addInput(field, key, placeholder: "", to: &builder)
    }
    guard field.problem(key, session.answers) == nil else { return }
    for hint in field.hints(key, session.answers) {
      builder.paragraph(hint, .text, indent: 2, isFocus: focus.field == key && field.isTyped)
    }
  }

  private func addTitle(of field: Field, to builder: inout RowBuilder) {
    if session.fields.count > 1 { builder.paragraph(field.title, .text) }
  }

  // MARK: Choices

  private func add(_ option: Field.Option, of key: String, isMultiple: Bool, to builder: inout RowBuilder) {
    let target = Focus.option(field: key, id: option.id)
    let focused = focus == target
    let chosen = session.isChosen(target)
    let mark =
      isMultiple
      ? (chosen ? glyphs.checkboxOn : glyphs.checkboxOff) : (chosen ? glyphs.radioOn : glyphs.radioOff)
    let role: Role = option.disabled != nil ? .disabled : chosen ? .selection : .text
    let advice = option.isRecommended && option.disabled == nil ? " (recommended)" : ""
    let indent = Self.margin(mark)
    let start = "\(focused ? glyphs.pointer : " ") \(mark) "
    for (offset, line) in TextWidth.wrapped(option.title + advice, to: builder.width - indent).enumerated() {
      builder.add(
        Row(
          spans: [Span(offset == 0 ? start + line : line, role)], indent: offset == 0 ? 0 : indent,
          fill: focused ? .focus : nil, isFocus: focused, cursor: focused && offset == 0 ? atStart : nil))
    }
    if let detail = option.detail { builder.paragraph(detail, .text, indent: indent, isFocus: focused) }
    if let reason = option.disabled { add(reason: reason, indent: indent, isFocus: focused, to: &builder) }
  }

  /// The columns before the title of an option: the pointer, a space, the mark, a space.
  private static func margin(_ mark: String) -> Int { TextWidth.columns(mark) + 3 }

  private func add(reason: String, indent: Int, isFocus: Bool, to builder: inout RowBuilder) {
    builder.marked(Span(glyphs.warning, .warning), "Not possible: \(reason)", indent: indent, isFocus: isFocus)
  }

  private func addTable(
    _ columns: [Table.Column], _ rows: [Field.Row], _ key: String, to builder: inout RowBuilder
  ) {
    let natural = lists[key]?.widths ?? []
    let margin = Self.margin(glyphs.radioOn)
    let widths = Table.widths(natural, of: columns, in: builder.width - margin)
    let searched = filter?.field == key ? filter?.editor.text : nil
    let focusedID: String? = if case .option(key, let id) = focus { id } else { nil }
    builder.add(
      Row(spans: [Span(Self.cells(columns.map(\.title), columns, widths, glyphs), .secondary)], indent: margin))
    builder.add(.text(String(repeating: glyphs.horizontal, count: builder.width), .border))
    for row in shownRows(rows, key) {
      let focused = row.id == focusedID
      guard focused || builder.isSeen else {
        builder.add(.unseen)
        continue
      }
      let chosen = session.isChosen(.option(field: key, id: row.id))
      let none = String(repeating: " ", count: TextWidth.columns(glyphs.radioOff))
      let mark = chosen ? glyphs.radioOn : row.disabled == nil ? glyphs.radioOff : none
      let role: Role = row.disabled != nil ? .disabled : chosen ? .selection : .text
      var cells = row.cells
      // The reader sees why a row is here whose cells do not contain the text.
      if let alias = searched.flatMap({ lists[key]?.alias(row.id, for: $0) }), let last = cells.popLast() {
        cells.append("(\(alias)) \(last)")
      }
      let text = "\(focused ? glyphs.pointer : " ") \(mark) " + Self.cells(cells, columns, widths, glyphs)
      builder.add(
        Row(
          spans: [Span(text, role)], fill: focused ? .focus : nil, isFocus: focused, cursor: focused ? atStart : nil))
      if let reason = row.disabled, focused {
        add(reason: reason, indent: margin, isFocus: true, to: &builder)
      }
    }
  }

  private static func cells(_ texts: [String], _ columns: [Table.Column], _ widths: [Int], _ glyphs: Glyphs) -> String {
    zip(zip(texts, columns), widths).map { pair, width in
      TextWidth.padded(pair.0, to: width, alignment: pair.1.alignment, ellipsis: glyphs.ellipsis)
    }.joined(separator: String(repeating: " ", count: Table.gap))
  }

  // MARK: Decisions

  /// Adds a table of decisions; the consequences are shown below the focused item.
  private func add(_ items: [Field.Item], _ among: [Field.Decision], _ key: String, to builder: inout RowBuilder) {
    let decisions = session.answers.map(key)
    let titles = Dictionary(among.map { ($0.id, $0.title) }) { first, _ in first }
    let columns: [Table.Column] = [.init("Name", least: 10, grows: true), .init("State"), .init("Decision")]
    let table = Table(
      columns: columns,
      rows: items.map { item in
        [item.title, item.state, (titles[decisions[item.id] ?? ""] ?? "") + "     "].map { Span($0) }
      })
    let widths = table.widths(in: builder.width - 2)
    builder.add(Row(spans: [Span(Self.cells(columns.map(\.title), columns, widths, glyphs), .secondary)], indent: 2))
    builder.add(.text(String(repeating: glyphs.horizontal, count: builder.width), .border))
    let shown = shownIDs(key)
    for item in items where shown?.contains(item.id) ?? true {
      let focused = focus == .item(field: key, id: item.id)
      let id = decisions[item.id] ?? ""
      let isAdvised = id == item.advice
      let decision =
        item.disabled == nil ? "[\(titles[id] ?? id)]\(isAdvised ? "" : " \(glyphs.warning)")" : glyphs.dash
      let text =
        "\(focused ? glyphs.pointer : " ") " + Self.cells([item.title, item.state, decision], columns, widths, glyphs)
      var spans = [Span(text, item.disabled != nil ? .disabled : .text)]
      if item.disabled == nil, !isAdvised, let sign = text.lastIndex(of: Character(glyphs.warning)) {
        let after = text.index(after: sign)
        spans = [Span(String(text[..<sign])), Span(glyphs.warning, .warning), Span(String(text[after...]))]
      }
      builder.add(
        Row(spans: spans, fill: focused ? .focus : nil, isFocus: focused, cursor: focused ? atStart : nil))
      if focused { explain(item, among, titles, to: &builder) }
    }
  }

  private func explain(
    _ item: Field.Item, _ among: [Field.Decision], _ titles: [String: String], to builder: inout RowBuilder
  ) {
    builder.paragraph(item.purpose, .text, indent: 4, isFocus: true)
    if let reason = item.disabled {
      builder.paragraph(reason, .text, indent: 4, isFocus: true)
      return
    }
    for decision in item.possible(among) {
      guard let consequence = item.consequences[decision.id] else { continue }
      builder.paragraph(
        "\(decision.title): \(consequence)", .text, indent: 4, hanging: decision.title.count + 2, isFocus: true)
    }
    let advice = titles[item.advice] ?? item.advice
    builder.paragraph("recommended: \(advice); \(item.why)", .text, indent: 4, hanging: 8, isFocus: true)
  }

  // MARK: Typing

  private func addInput(_ field: Field, _ key: String, placeholder: String, to builder: inout RowBuilder) {
    let focused = focus == .input(field: key)
    let problem = field.problem(key, session.answers)
    builder.paragraph(field.title, focused ? .title : .text, isFocus: focused)
    let editor = editor(key)
    let width = min(builder.width - 2, 60)
    let window = InputWindow(shown(editor, field), caret: editor.caret, width: width)
    let role: Role = problem != nil && !editor.characters.isEmpty ? .inputError : focused ? .inputFocused : .input
    let isEmpty = editor.characters.isEmpty
    let text = TextWidth.padded(isEmpty ? placeholder : window.text, to: width, ellipsis: "")
    builder.add(
      Row(
        spans: [Span(focused ? glyphs.pointer : " ", .accent), Span(" "), Span(text, isEmpty ? .input : role)],
        isFocus: focused,
        cursor: focused && completion?.marked == nil
          ? Frame.Cursor(Point(column: 2 + window.caretColumn, row: 0), visible: true) : nil))
    if focused { addCompletion(to: &builder) }
    if let problem, focused, editor.characters.isEmpty {
      // Before any input, the problem is shown as an instruction.
      builder.paragraph(problem, .text, indent: 2, isFocus: true)
    } else if let problem, !editor.characters.isEmpty {
      builder.marked(Span(glyphs.failed, .error), problem, indent: 2, isFocus: focused)
    }
  }

  private func shown(_ editor: LineEditor, _ field: Field) -> [String] {
    if case .secret = field.kind { return editor.characters.map { _ in glyphs.mask } }
    return editor.characters.map(String.init)
  }
}

extension Field {
  var isMultiple: Bool {
    if case .multipleChoice = kind { true } else { false }
  }
}

/// The visible part of a long line during typing; it always contains the cursor.
struct InputWindow {
  let text: String
  let caretColumn: Int

  init(_ characters: [String], caret: Int, width: Int) {
    var first = 0
    let widths = characters.map { TextWidth.columns($0) }
    var before = widths[..<caret].reduce(0, +)
    // One column is reserved for the cursor at the end.
    while first < caret, before >= width {
      before -= widths[first]
      first += 1
    }
    caretColumn = before
    var shown = ""
    var used = 0
    for (character, columns) in zip(characters[first...], widths[first...]) {
      guard used + columns <= width else { break }
      shown += character
      used += columns
    }
    text = shown
  }
}
