import Common
import Terminal

/// A question of a step.
struct Field: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case choice([Option])
    /// A choice among the rows of a table.
    case table(columns: [Table.Column], rows: [Row])
    case multipleChoice([Option])
    /// One of a few decisions for each item.
    case decisions([Item], among: [Decision])
    case text(placeholder: String)
    case path(PathPurpose)
    /// A value that is never shown and never written.
    case secret
    /// A yes or no, answered by a flag.
    case yesNo(yes: Option, no: Option)
    /// The name of the object to be deleted, which must be typed.
    case confirmation(name: String)
  }

  struct Option: Sendable, Equatable {
    let id: String
    let title: String
    var detail: String?
    var isRecommended = false
    /// Why it cannot be chosen; nil if it can.
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
    /// The name in later steps.
    var label: String
    var disabled: String?
    /// Details for later steps, by name.
    var details: [String: String] = [:]
    /// The words by which it can be found; nil: any part of the text in its cells.
    var search: WordSearch?
    /// Whether it is only shown when a search finds it.
    var isFurther = false
  }

  struct Decision: Sendable, Equatable {
    let id: String
    /// A verb: "copy".
    let title: String
  }

  /// An item that needs a decision, with the consequences.
  struct Item: Sendable, Equatable {
    let id: String
    let title: String
    /// The state in one or two words, without values: "different".
    let state: String
    let purpose: String
    /// The consequences, by the id of the decision.
    let consequences: [String: String]
    let advice: String
    let why: String
    /// Why there is nothing to decide: the recommendation applies.
    var disabled: String?
    /// The ids of the possible decisions; nil: all.
    var choices: [String]?

    func possible(_ among: [Decision]) -> [Decision] { among.filter { choices?.contains($0.id) ?? true } }
  }

  let id: String
  let title: String
  /// The name in the review.
  let name: String
  let kind: Kind
  /// Why options that are not offered are not possible, by their ids.
  let notOffered: [String: String]
  private let closures: Closures

  /// - Parameters:
  ///   - hint: a line below the field, which can explain the answer so far.
  ///   - preset: the answer until the operator gives one.
  ///   - check: why the answer is invalid; nil if it is valid. Called at every keystroke: it must use only the answers.
  init(
    _ id: String, _ title: String, name: String? = nil, _ kind: Kind,
    notOffered: [String: String] = [:],
    isVisible: @escaping @Sendable (Answers) -> Bool = { _ in true },
    hint: @escaping @Sendable (Answers) -> String? = { _ in nil },
    preset: @escaping @Sendable (Answers) -> Answer? = { _ in nil },
    check: @escaping @Sendable (Answers) -> String? = { _ in nil }
  ) {
    self.id = id
    self.title = title
    self.name = name ?? title
    self.kind = kind
    self.notOffered = notOffered
    closures = Closures(isVisible: isVisible, hint: hint, preset: preset, check: check)
  }

  private struct Closures: Sendable {
    let isVisible: @Sendable (Answers) -> Bool
    let hint: @Sendable (Answers) -> String?
    let preset: @Sendable (Answers) -> Answer?
    let check: @Sendable (Answers) -> String?
  }

  func isVisible(_ answers: Answers) -> Bool { closures.isVisible(answers) }
  /// Returns the lines below the field. A path that was not typed in full is shown in full first.
  func hints(_ key: String, _ answers: Answers) -> [String] {
    let path = answers.path(key).flatMap {
      $0 == answers.text(key) ? nil : "This is \(SafeText.clean($0, limit: .path))"
    }
    return [path, closures.hint(answers)].compactMap(\.self)
  }
  func check(_ answers: Answers) -> String? { closures.check(answers) }

  /// Compares what fields show, not their closures.
  static func == (left: Field, right: Field) -> Bool {
    left.id == right.id && left.title == right.title && left.kind == right.kind
  }
}

extension Field {
  /// Whether the answer is typed.
  var isTyped: Bool {
    switch kind {
    case .text, .path, .secret, .confirmation: true
    case .choice, .table, .multipleChoice, .decisions, .yesNo: false
    }
  }

  /// Returns the answer until the operator gives one: the preset, otherwise the recommended or the first possible
  /// option.
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

  /// Returns whether `answer` is possible.
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

  /// Returns why the current answer is invalid; nil if it is valid.
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

  /// Returns the answer in words, for the review and for later steps.
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
    case (.path, .text(let text)?): return answers.path(key) ?? text
    case (_, .text(let text)?): return text
    default: return ""
    }
  }

  /// Returns the details of the chosen row for later steps.
  func details(_ key: String, _ answers: Answers) -> [String: String] {
    guard case .table(_, let rows) = kind, let id = answers.text(key) else { return [:] }
    return rows.first { $0.id == id }?.details ?? [:]
  }
}
