import Terminal

/// One question of a step.
struct Field: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case choice([Option])
    /// A choice among rows.
    case table(columns: [Table.Column], rows: [Row])
    case multipleChoice([Option])
    /// For each item one of the same few decisions.
    case decisions([Item], among: [Decision])
    case text(placeholder: String)
    case path(PathWish)
    /// Never shown, never written down.
    case secret
    /// Answered with a flag.
    case yesNo(yes: Option, no: Option)
    /// The name of what is going to be destroyed, to be typed.
    case confirmation(name: String)
  }

  struct Option: Sendable, Equatable {
    let id: String
    let title: String
    var detail: String?
    var isRecommended = false
    /// Why it cannot be chosen; nil where it can.
    var disabled: String?

    init(_ id: String, _ title: String, _ detail: String? = nil, recommended: Bool = false, disabled: String? = nil) {
      self.id = id
      self.title = title
      self.detail = detail
      isRecommended = recommended
      self.disabled = disabled
    }
  }

  struct Row: Sendable, Equatable {
    let id: String
    let cells: [String]
    /// How later steps name it.
    var label: String
    var disabled: String?
    /// What later steps want to know of it, by name.
    var details: [String: String] = [:]
  }

  struct Decision: Sendable, Equatable {
    let id: String
    /// A verb: "copy".
    let title: String
  }

  /// Something to be decided about, with what follows from each decision.
  struct Item: Sendable, Equatable {
    let id: String
    let title: String
    /// In a word or two, without giving away any value: "different".
    let state: String
    let purpose: String
    /// By the id of the decision.
    let consequences: [String: String]
    let advice: String
    let why: String
    /// Why there is nothing to decide; the advice stands then.
    var disabled: String?
    /// The ids of those decisions that can be taken about it; nil: all.
    var choices: [String]?

    func possible(_ among: [Decision]) -> [Decision] { among.filter { choices?.contains($0.id) ?? true } }
  }

  let id: String
  let title: String
  /// What the review calls it.
  let name: String
  let kind: Kind
  private let closures: Closures

  /// - Parameters:
  ///   - hint: a line below it, which may tell what the answer so far means.
  ///   - preset: the answer as long as the operator has given none.
  ///   - check: why the answer will not do; nil where it will. Called at every keystroke: it must not look at anything
  ///     but the answers.
  init(
    _ id: String, _ title: String, name: String? = nil, _ kind: Kind,
    isVisible: @escaping @Sendable (Answers) -> Bool = { _ in true },
    hint: @escaping @Sendable (Answers) -> String? = { _ in nil },
    preset: @escaping @Sendable (Answers) -> Answer? = { _ in nil },
    check: @escaping @Sendable (Answers) -> String? = { _ in nil }
  ) {
    self.id = id
    self.title = title
    self.name = name ?? title
    self.kind = kind
    closures = Closures(isVisible: isVisible, hint: hint, preset: preset, check: check)
  }

  private struct Closures: Sendable {
    let isVisible: @Sendable (Answers) -> Bool
    let hint: @Sendable (Answers) -> String?
    let preset: @Sendable (Answers) -> Answer?
    let check: @Sendable (Answers) -> String?
  }

  func isVisible(_ answers: Answers) -> Bool { closures.isVisible(answers) }
  func hint(_ answers: Answers) -> String? { closures.hint(answers) }
  func check(_ answers: Answers) -> String? { closures.check(answers) }

  /// What a field shows decides whether two are the same, not what it does.
  static func == (left: Field, right: Field) -> Bool {
    left.id == right.id && left.title == right.title && left.kind == right.kind
  }
}

extension Field {
  /// Whether its answer is typed.
  var isTyped: Bool {
    switch kind {
    case .text, .path, .secret, .confirmation: true
    case .choice, .table, .multipleChoice, .decisions, .yesNo: false
    }
  }

  /// The answer as long as the operator has given none: its preset, else what is advised, else the first that can be
  /// chosen.
  func preset(_ answers: Answers) -> Answer? {
    if let preset = closures.preset(answers), accepts(preset) { return preset }
    switch kind {
    case .choice(let options):
      let possible = options.filter { $0.disabled == nil }
      return (possible.first { $0.isRecommended } ?? possible.first).map { .text($0.id) }
    case .table(_, let rows): return rows.first { $0.disabled == nil }.map { .text($0.id) }
    case .multipleChoice(let options):
      return .list(options.filter { $0.isRecommended && $0.disabled == nil }.map(\.id))
    case .decisions(let items, _):
      return .map(Dictionary(items.map { ($0.id, $0.advice) }) { first, _ in first })
    case .yesNo(let yes, let no):
      if no.isRecommended && no.disabled == nil { return .flag(false) }
      return .flag(yes.disabled == nil)
    case .text, .path, .secret, .confirmation: return nil
    }
  }

  /// Whether `answer` is one of those that can be given.
  func accepts(_ answer: Answer) -> Bool {
    switch (kind, answer) {
    case (.choice(let options), .text(let id)): options.contains { $0.id == id && $0.disabled == nil }
    case (.table(_, let rows), .text(let id)): rows.contains { $0.id == id && $0.disabled == nil }
    case (.multipleChoice(let options), .list(let ids)):
      ids.allSatisfy { id in options.contains { $0.id == id && $0.disabled == nil } }
    case (.decisions(let items, let among), .map(let map)):
      items.allSatisfy { item in
        map[item.id].map { id in item.possible(among).contains { $0.id == id } } ?? false
      }
        && map.count == items.count
    case (.yesNo(let yes, let no), .flag(let flag)): (flag ? yes : no).disabled == nil
    case (.text, .text), (.path, .text), (.confirmation, .text): true
    default: false
    }
  }

  /// Why the answer given so far will not do; nil where it will.
  func problem(_ key: String, _ answers: Answers) -> String? {
    if let own = ownProblem(key, answers) { return own }
    return check(answers)
  }

  private func ownProblem(_ key: String, _ answers: Answers) -> String? {
    switch kind {
    case .confirmation(let name): answers.text(key) == name ? nil : "Type the name exactly: \(name)"
    case .secret: answers.secret(key) == nil ? "Nothing has been typed yet" : nil
    case .choice(let options) where !options.contains { $0.disabled == nil }: "Nothing of this can be chosen"
    case .table(_, let rows) where !rows.contains { $0.disabled == nil }: "Nothing of this can be chosen"
    case .choice, .table, .yesNo: answers[key] == nil ? "Choose one" : nil
    case .text, .path, .multipleChoice, .decisions: nil
    }
  }

  /// The answer in the words of the field, for the review and for later steps.
  func label(_ key: String, _ answers: Answers) -> String {
    switch (kind, answers[key]) {
    case (.choice(let options), .text(let id)?): return options.first { $0.id == id }?.title ?? id
    case (.table(_, let rows), .text(let id)?): return rows.first { $0.id == id }?.label ?? id
    case (.multipleChoice(let options), .list(let ids)?):
      let titles = options.filter { ids.contains($0.id) }.map(\.title)
      return titles.isEmpty ? "none" : titles.joined(separator: ", ")
    case (.decisions(let items, let among), .map(let map)?):
      let groups = among.compactMap { decision -> String? in
        let chosen = items.filter { $0.disabled == nil && map[$0.id] == decision.id }.map(\.title)
        return chosen.isEmpty ? nil : "\(decision.title) \(chosen.joined(separator: ", "))"
      }
      return groups.isEmpty ? "nothing to decide" : groups.joined(separator: "; ")
    case (.yesNo(let yes, let no), .flag(let flag)?): return flag ? yes.title : no.title
    case (.secret, _): return answers.secret(key) == nil ? "not given" : "given, never shown"
    case (.text(let placeholder), .text("")?): return placeholder
    case (_, .text(let text)?): return text
    default: return ""
    }
  }

  /// What later steps want to know of the chosen row.
  func details(_ key: String, _ answers: Answers) -> [String: String] {
    guard case .table(_, let rows) = kind, let id = answers.text(key) else { return [:] }
    return rows.first { $0.id == id }?.details ?? [:]
  }
}
