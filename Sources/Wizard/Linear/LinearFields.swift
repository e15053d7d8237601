import Common
import Terminal

extension LinearRunner {
  enum Outcome { case answered, back }

  /// Asks a field until the answer is valid, and stores it in the session.
  mutating func answer(_ field: Field, key: String) throws -> Outcome {
    switch field.kind {
    case .choice(let options): return try choose(field, key, options.map(Choice.init))
    case .table(let columns, let rows):
      return try choose(
        field, key, rows.filter { !$0.isFurther }.map { Choice($0, columns) },
        further: rows.filter(\.isFurther).map { Choice($0, columns) })
    case .yesNo(let yes, let no): return try choose(field, key, [Choice(yes), Choice(no)])
    case .multipleChoice(let options): return try chooseSeveral(field, key, options.map(Choice.init))
    case .decisions(let items, let among): return try decide(field, key, items, among)
    case .text(let placeholder): return try type(field, key, empty: placeholder)
    case .path(let purpose): return try type(field, key, empty: "", path: purpose)
    case .secret: return try typeSecret(field, key)
    case .confirmation: return try confirm(field, key)
    }
  }

  /// A line of a numbered list.
  private struct Choice {
    let id: String
    let title: String
    var details: [String] = []
    var disabled: String?
    /// The words by which it can be chosen.
    var search: WordSearch?

    init(_ option: Field.Option) {
      id = option.id
      title = option.title + (option.isRecommended && option.disabled == nil ? " (recommended)" : "")
      details = option.detail.map { [$0] } ?? []
      disabled = option.disabled
    }

    /// A row is read as its label cell, otherwise the first cell, followed by the other cells with their column names.
    init(_ row: Field.Row, _ columns: [Table.Column]) {
      id = row.id
      let lead = row.cells.firstIndex(of: row.label) ?? 0
      title = row.cells.isEmpty ? row.label : row.cells[lead]
      let rest = zip(columns, row.cells).enumerated().filter { $0.offset != lead && !$0.element.1.isEmpty }.map {
        $0.element.0.title.isEmpty ? $0.element.1 : "\($0.element.0.title) \($0.element.1)"
      }
      details = rest.isEmpty ? [] : [rest.joined(separator: ", ")]
      disabled = row.disabled
      search = row.search
    }
  }

  private func list(_ choices: [Choice]) {
    for (index, choice) in choices.enumerated() {
      voice.say("\(index + 1). \(choice.title)", indent: 2, hanging: 3)
      for detail in choice.details { voice.say(detail, indent: 5) }
      if let reason = choice.disabled { voice.say("Not possible: \(reason)", indent: 5) }
    }
  }

  private func sayHints(_ field: Field, _ key: String) {
    for hint in field.hints(key, session.answers) { voice.say(hint) }
  }

  // MARK: Choosing

  /// - Parameter further: choices that are not listed, and can be chosen by a word.
  private mutating func choose(
    _ field: Field, _ key: String, _ choices: [Choice], further: [Choice] = []
  ) throws -> Outcome {
    voice.say(field.asLine)
    list(choices)
    let named = (choices + further).filter { $0.search != nil }
    while true {
      let current = choices.firstIndex { $0.id == chosen(field, key) }
      let way = named.isEmpty ? "" : ", or type a word"
      let question = "Choose 1 to \(choices.count)\(way)\(current.map { " [\($0 + 1)]" } ?? ""):"
      guard case .text(let line) = try ask(question) else { return .back }
      if line.isEmpty, current != nil {
        sayHints(field, key)
        return .answered
      }
      let choice: Choice
      if let index = index(line, choices, isYesNo: field.isYesNo) {
        choice = choices[index]
      } else if Int(line) == nil, !named.isEmpty {
        guard let found = byWord(line, named, listed: choices) else { continue }
        choice = found
      } else {
        voice.say("Enter a number from 1 to \(choices.count).")
        continue
      }
      if let reason = choice.disabled {
        voice.say("Not possible: \(reason)")
        continue
      }
      if case .yesNo = field.kind {
        session.answer(key, .flag(choice.id == choices.first?.id))
      } else {
        session.answer(key, .text(choice.id))
      }
      sayHints(field, key)
      return .answered
    }
  }

  /// Returns the choice that a word means; otherwise says why there is none.
  private func byWord(_ word: String, _ named: [Choice], listed: [Choice]) -> Choice? {
    let meant = WordSearch.meant(word, in: named.compactMap(\.search)).map { named[$0] }
    if meant.count == 1 {
      voice.say("\(meant[0].title).")
      return meant[0]
    }
    guard !meant.isEmpty else {
      voice.say("Nothing here has that word. Enter a number from 1 to \(listed.count), or another word.")
      return nil
    }
    let titles = meant.map { choice in
      listed.firstIndex { $0.id == choice.id }.map { "\($0 + 1). \(choice.title)" } ?? choice.title
    }
    voice.say("Several match: \(titles.joined(separator: "; ")). Enter a number, or more words.")
    return nil
  }

  private func chosen(_ field: Field, _ key: String) -> String? {
    guard case .yesNo(let yes, let no) = field.kind else { return session.answers.text(key) }
    return session.answers.flag(key).map { $0 ? yes.id : no.id }
  }

  private func index(_ line: String, _ choices: [Choice], isYesNo: Bool) -> Int? {
    if let number = Int(line) { return choices.indices.contains(number - 1) ? number - 1 : nil }
    let word = line.lowercased()
    if isYesNo, ["y", "yes"].contains(word) { return 0 }
    if isYesNo, ["n", "no"].contains(word) { return 1 }
    return choices.firstIndex { $0.id == line && !line.isEmpty }
  }

  private mutating func chooseSeveral(_ field: Field, _ key: String, _ choices: [Choice]) throws -> Outcome {
    voice.say(field.asLine)
    list(choices)
    while true {
      let now = session.answers.list(key)
      let numbers = choices.indices.filter { now.contains(choices[$0].id) }.map { "\($0 + 1)" }
      let current = numbers.isEmpty ? "none" : numbers.joined(separator: " ")
      guard case .text(let line) = try ask("Numbers with spaces between, or none [\(current)]:") else { return .back }
      if line.isEmpty { return .answered }
      let words = line == "none" ? [] : line.split { $0 == " " || $0 == "," }.map(String.init)
      let indices = words.map { index($0, choices, isYesNo: false) }
      if indices.contains(nil) {
        voice.say("Enter numbers from 1 to \(choices.count), or the word none.")
      } else if let reason = indices.compactMap({ $0.flatMap { choices[$0].disabled } }).first {
        voice.say("Not possible: \(reason)")
      } else {
        let ids = indices.compactMap { $0.map { choices[$0].id } }
        session.answer(key, .list(choices.map(\.id).filter { ids.contains($0) }))
        return .answered
      }
    }
  }

  // MARK: Deciding

  private mutating func decide(
    _ field: Field, _ key: String, _ items: [Field.Item], _ among: [Field.Decision]
  ) throws -> Outcome {
    let titles = Dictionary(among.map { ($0.id, $0.title) }) { first, _ in first }
    func title(_ id: String?) -> String { id.map { titles[$0] ?? $0 } ?? "nothing" }
    voice.say(field.asLine)
    for (index, item) in items.enumerated() {
      let decision = session.answers.map(key)[item.id]
      let advice = decision == item.advice ? "recommended: \(item.why)" : "recommended: \(title(item.advice))"
      voice.say(
        "\(index + 1). \(item.title), \(item.state): " + (item.disabled ?? "\(title(decision)), \(advice)"), indent: 2,
        hanging: 3)
    }
    let open = items.filter { $0.disabled == nil }
    while true {
      guard
        case .text(let line) = try ask(
          "Enter accepts all; a number changes that one, a asks for one after the other:")
      else { return .back }
      if line.isEmpty { return .answered }
      let wanted: [Field.Item]
      if line == "a" {
        wanted = open
      } else if let number = Int(line), items.indices.contains(number - 1) {
        wanted = [items[number - 1]]
      } else {
        voice.say("Enter a number from 1 to \(items.count), or a, or press Enter.")
        continue
      }
      for item in wanted where try decide(key, item, among) == .back { break }
      let decided = items.filter { $0.disabled == nil }.map { "\($0.title): \(title(session.answers.map(key)[$0.id]))" }
      voice.say("Decided: \(decided.joined(separator: ", ")).")
    }
  }

  private mutating func decide(_ key: String, _ item: Field.Item, _ all: [Field.Decision]) throws -> Outcome {
    let among = item.possible(all)
    voice.say("\(item.title), \(item.state). \(item.purpose)")
    if let reason = item.disabled {
      voice.say("Nothing to decide: \(reason)")
      return .answered
    }
    list(
      among.map { decision in
        let isAdvised = decision.id == item.advice
        return Choice(
          Field.Option(
            decision.id, decision.title + (isAdvised ? ", recommended: \(item.why)" : ""),
            item.consequences[decision.id]))
      })
    while true {
      let current = among.firstIndex { $0.id == session.answers.map(key)[item.id] } ?? 0
      guard case .text(let line) = try ask("Choose 1 to \(among.count) [\(current + 1)]:") else { return .back }
      let number = line.isEmpty ? current : (Int(line) ?? 0) - 1
      guard among.indices.contains(number) else {
        voice.say("Enter a number from 1 to \(among.count).")
        continue
      }
      var map = session.answers.map(key)
      if map[item.id] != among[number].id {
        map[item.id] = among[number].id
        session.answer(key, .map(map))
      }
      return .answered
    }
  }

  // MARK: Typing

  /// Two quotes are an empty answer where Enter would accept a default.
  private mutating func type(_ field: Field, _ key: String, empty: String, path purpose: PathPurpose? = nil) throws
    -> Outcome
  {
    while true {
      let current = session.answers.text(key)
      let valid = session.answers[key]
      let shown = current.map { $0.isEmpty && !empty.isEmpty ? empty : $0 } ?? ""
      let way = empty.isEmpty || current == "" ? "" : ", '' for \(empty)"
      let question = "\(field.title)\(way)\(shown.isEmpty ? "" : " [\(shown)]"):"
      guard case .text(let line) = try ask(question, ambiguous: ambiguous(field, key)) else { return .back }
      if let purpose, let beginning = Self.beginning(line, purpose) {
        switch try offer(beginning, purpose) {
        case .none: continue
        case .back: return .back
        case .chosen(let path):
          session.answer(key, .text(path))
          // A folder can lead to another path: it is proposed, and Enter accepts it.
          if path.hasSuffix("/") { continue }
        }
      } else if !line.isEmpty || current == nil {
        session.answer(key, .text(line == "''" ? "" : line))
      }
      guard let problem = field.problem(key, session.answers) else {
        sayHints(field, key)
        return .answered
      }
      voice.say("Invalid: \(problem).")
      // A refused answer does not replace a valid proposal.
      let refused = session.answers[key]
      if let valid, refused != valid {
        session.answer(key, valid)
        if field.problem(key, session.answers) != nil, let refused { session.answer(key, refused) }
      }
    }
  }

  /// Returns the command letters that would also be valid answers. A file of such a name is typed as `./q`.
  private func ambiguous(_ field: Field, _ key: String) -> Set<String> {
    field.isPath
      ? []
      : Self.commands.filter { text in
        var answers = session.answers
        answers[key] = .text(text)
        return field.problem(key, answers) == nil
      }
  }

  private mutating func typeSecret(_ field: Field, _ key: String) throws -> Outcome {
    while true {
      let isGiven = session.answers.secret(key) != nil
      let question = "\(field.title), not shown while you type\(isGiven ? " [as given before]" : ""):"
      guard case .text(let line) = try ask(question, hidden: true) else { return .back }
      if !line.isEmpty { session.answer(key, secret: Secret(line)) }
      guard let problem = field.problem(key, session.answers) else { return .answered }
      voice.say("Invalid: \(problem).")
      // Hidden input is never a command, so that commands need another question.
      guard case .text = try ask("Enter asks again, b goes back, q leaves:") else { return .back }
    }
  }

  /// There is no default, and Enter alone confirms nothing.
  private mutating func confirm(_ field: Field, _ key: String) throws -> Outcome {
    guard voice.conversation.isAttended else { return try confirmUnattended(field, key) }
    while true {
      guard case .text(let line) = try ask(field.asLine, afresh: true, ambiguous: ambiguous(field, key)) else {
        return .back
      }
      session.answer(key, .text(line))
      guard let problem = field.problem(key, session.answers) else { return .answered }
      voice.say("Invalid: \(problem).")
    }
  }

  /// Lines of a file or a pipe confirm nothing, because they were written before the question; the command line can
  /// confirm.
  private mutating func confirmUnattended(_ field: Field, _ key: String) throws -> Outcome {
    guard case .confirmation(let name) = field.kind else { return .answered }
    let option = "--confirm-delete \(ShellWord.quoted(SafeText.clean(name)))"
    guard let given = consent.name else {
      throw PlainFailure(
        .usage, session.flow.title, "a confirmation is required, and is not read from a file or a pipe",
        remedy: "give \(option), or run the wizard on a terminal")
    }
    guard given == name else {
      throw PlainFailure(
        .usage, "--confirm-delete \(SafeText.clean(given, limit: .word))", "is not the name that has to be confirmed",
        remedy: "give \(option)")
    }
    voice.say("\(field.asLine) \(name), as the command line says.")
    session.answer(key, .text(name))
    return .answered
  }
}

extension Field {
  /// The title before a list or an answer. Questions keep their question mark.
  fileprivate var asLine: String { title.hasSuffix("?") ? title : "\(title):" }

  fileprivate var isYesNo: Bool {
    if case .yesNo = kind { true } else { false }
  }
}
