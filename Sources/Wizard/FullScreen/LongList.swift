import Common
import Terminal

/// Precomputed data of a field with many rows, so that the time per key does not depend on their number.
struct LongList: Sendable {
  private let kind: Field.Kind
  /// The id and the folded text of each row, for searching.
  private let entries: [(id: String, text: [UInt8])]
  /// The words of each row, if all rows have some; otherwise empty.
  private let words: [WordSearch]
  /// The rows that are shown without a search.
  private let usual: [Int]
  /// The preferred width of each column.
  let widths: [Int]

  /// Returns nil for a field without a list.
  init?(_ kind: Field.Kind) {
    var widths: [Int] = []
    let texts: [(String, [String])]
    var words: [WordSearch] = []
    var usual: [Int]?
    switch kind {
    case .table(let columns, let rows):
      texts = rows.map { ($0.id, $0.cells) }
      let searches = rows.compactMap(\.search)
      if searches.count == rows.count { words = searches }
      usual = rows.indices.filter { !rows[$0].isFurther }
      widths = Table(columns: columns, rows: rows.map { $0.cells.map { Span($0) } }).naturalWidths
    case .choice(let options), .multipleChoice(let options):
      texts = options.map { ($0.id, [$0.title, $0.detail ?? ""]) }
    case .decisions(let items, _): texts = items.map { ($0.id, [$0.title, $0.state]) }
    case .text, .path, .secret, .yesNo, .confirmation: return nil
    }
    self.kind = kind
    self.widths = widths
    self.words = words
    self.usual = usual ?? Array(texts.indices)
    entries = texts.map { id, cells in (id, Self.folded(cells.joined(separator: "\n"))) }
  }

  /// The number of rows that are shown without a search.
  var count: Int { usual.count }

  /// Whether the list is too long to be seen at a glance.
  var isLong: Bool { count > 8 }

  var canBeFiltered: Bool {
    if case .table = kind { entries.count > 1 } else { isLong }
  }

  /// Whether the rows are found by their words, the best first.
  var hasWords: Bool { !words.isEmpty }

  /// Returns whether it belongs to these rows; fast if they are identical.
  func isOf(_ kind: Field.Kind) -> Bool { self.kind == kind }

  /// Returns the indices of the rows with `text` in any cell, ignoring case and accents. Rows with words of their own
  /// are found by these too, and come first.
  ///
  /// - Parameter within: the indices to search: the result for a part of the text.
  func places(with text: String, within: [Int]? = nil) -> [Int] {
    let wanted = Self.folded(text)
    guard !wanted.isEmpty else { return usual }
    let found = WordSearch.places(text, in: words).map(\.place)
    let others = (within ?? Array(entries.indices)).filter { Self.contains(entries[$0].text, wanted) }
    return found.isEmpty ? others : found + others.filter { !found.contains($0) }
  }

  /// Returns the other name by which a row is found; nil if its cells show the text.
  func alias(_ id: String, for text: String) -> String? {
    guard hasWords, let place = entries.firstIndex(where: { $0.id == id }) else { return nil }
    return words[place].match(WordSearch.words(text))?.alias
  }

  func id(_ place: Int) -> String { entries[place].id }

  private static func folded(_ text: String) -> [UInt8] { Array(WordSearch.folded(text).utf8) }

  private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
    guard text.count >= part.count, let first = part.first else { return false }
    return (0...(text.count - part.count)).contains { start in
      text[start] == first && text[start..<(start + part.count)].elementsEqual(part)
    }
  }
}

/// A filter line of a long list.
struct ListFilter: Sendable {
  let field: String
  /// Whether the filter line is focused; otherwise the rows are.
  var isTyping = true
  private(set) var editor = LineEditor("", caret: nil)
  /// The indices of the remaining rows, the best first.
  private(set) var places: [Int]
  /// The ids of the remaining rows, in the same order.
  private(set) var ids: [String]
  let total: Int

  init(field: String, _ list: LongList) {
    self.field = field
    total = list.count
    places = list.places(with: "")
    ids = places.map(list.id)
  }

  var isEmpty: Bool { places.isEmpty }

  /// Handles a key; returns false if it has no meaning in a line.
  mutating func type(_ key: Key, in list: LongList) -> Bool {
    let before = editor.text
    guard editor.handle(key) else { return false }
    let text = editor.text
    guard text != before else { return true }
    // Rows that are only shown for a search are not among those of an empty one.
    places = list.places(with: text, within: text.hasPrefix(before) && !list.hasWords ? places : nil)
    ids = places.map(list.id)
    return true
  }
}

extension WizardModel {
  /// The list of the focused field.
  var list: LongList? { focus.field.flatMap { lists[$0] } }

  var canFilter: Bool { filter == nil && overlay == nil && list?.canBeFiltered == true }

  /// Returns the ids of the visible rows of a field; nil for all.
  func shownIDs(_ key: String) -> Set<String>? { filter?.field == key ? filter.map { Set($0.ids) } : nil }

  /// Returns the visible rows of a table in their order: with a filter, the best first.
  func shownRows(_ rows: [Field.Row], _ key: String) -> [Field.Row] {
    guard let filter, filter.field == key else { return rows.filter { !$0.isFurther } }
    return filter.places.filter { rows.indices.contains($0) }.map { rows[$0] }
  }

  /// All elements that can be focused, without filtered rows, from top to bottom.
  var focusable: [Focus] {
    guard let filter else { return session.focusable }
    let all = session.focusable
    let isItem = all.contains { if case .item(filter.field, _) = $0 { true } else { false } }
    let rows = filter.ids.map {
      isItem ? Focus.item(field: filter.field, id: $0) : .option(field: filter.field, id: $0)
    }
    let place = all.firstIndex { $0.field == filter.field } ?? all.endIndex
    let others = all.filter { $0.field != filter.field }
    let before = all[..<place].count { $0.field != filter.field }
    return others[..<before] + rows + others[before...]
  }

  mutating func openFilter() {
    if filter != nil {
      filter?.isTyping = true
    } else if let key = focus.field, let list {
      filter = ListFilter(field: key, list)
    }
  }

  /// Moves the focus from the filter to the remaining rows.
  mutating func keepFilter() {
    if filter?.isEmpty == true { return tell("No row matches; Esc shows all") }
    filter?.isTyping = false
    if filter?.editor.characters.isEmpty == true { filter = nil }
  }

  mutating func typeFilter(_ key: Key) {
    guard let list, var filter else { return }
    let before = filter.ids
    _ = filter.type(key, in: list)
    if filter.editor.isTooLong { return tell(LineEditor.tooLong) }
    self.filter = filter
    guard list.hasWords, filter.ids != before, let best = filter.ids.first else { return }
    move(to: .option(field: filter.field, id: best))
  }

  /// Updates the lists, and clears a filter whose list or field is not focused any more.
  mutating func settleLists() {
    var known: [String: LongList] = [:]
    for field in session.fields {
      let key = session.step.key(field)
      if let list = lists[key], list.isOf(field.kind) {
        known[key] = list
      } else {
        known[key] = LongList(field.kind)
        if filter?.field == key { filter = nil }
      }
    }
    lists = known
    if let filter, focus.field != filter.field || known[filter.field] == nil { self.filter = nil }
  }

  /// Returns the row of the filter with the number of remaining rows.
  func filterRows(_ width: Int) -> [Row] {
    guard let filter else { return [] }
    let total = Amount.count(Int64(filter.total))
    let count =
      filter.isEmpty
      ? "nothing matches; Esc shows all \(total)" : "\(Amount.count(Int64(filter.places.count))) of \(total)"
    let room = max(8, width - 4 - TextWidth.columns(count))
    let window = InputWindow(filter.editor.characters.map(String.init), caret: filter.editor.caret, width: room)
    let text = TextWidth.padded(window.text, to: room, ellipsis: "")
    return [
      .empty,
      Row(
        spans: [
          Span("/ ", .accent), Span(text, filter.isTyping ? .inputFocused : .input),
          Span("  \(count)"),
        ],
        cursor: filter.isTyping
          ? Frame.Cursor(Point(column: 2 + window.caretColumn, row: 0), visible: true) : nil),
    ]
  }
}
