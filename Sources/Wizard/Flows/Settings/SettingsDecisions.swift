import Administration
import Common
import FoundationEssentials

/// The keys of the answers.
enum SettingsKey {
  static let path: AnswerKey<String> = "source.path"
  static let data = AnswerKey("situation.data", unanswered: MigrationFacts.Kind.import)
  static let place: AnswerKey<String> = "situation.place"
  /// The result of a lookup, not an answer.
  static let found = "situation.found"
  static let secrets: AnswerKey<[String: String]> = "secrets.each"
  static let settings: AnswerKey<[String: String]> = "settings.each"
  static let machine: AnswerKey<[String: String]> = "settings.machine"
  static let follow: AnswerKey<String> = "follow.up"

  static let replaces = "replaces"
  static let beside = "beside"
  static let runHere = "run"
}

extension MigrationFacts {
  /// Creates the facts from the lookup and the operator's corrections.
  init(_ answers: Answers) {
    let found = answers.detail(SettingsKey.found, "facts").flatMap {
      try? JSONDecoder().decode(MigrationFacts.self, from: Data($0.utf8))
    }
    self = found ?? MigrationFacts(kind: .import)
    if let kind = answers.given(SettingsKey.data) { self.kind = kind }
    if let place = answers.given(SettingsKey.place) { replacesSource = place == SettingsKey.replaces }
    // A restored server has no other organizations.
    if kind == .restore { targetHostsOthers = false }
  }

  /// The facts as text, for storing in answers.
  var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}

extension CopySettingsOperation.Choices {
  init(_ answers: Answers) {
    let all = [SettingsKey.secrets, SettingsKey.settings, SettingsKey.machine].map { answers[$0] }
    let decided = all.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
    self.init(
      facts: MigrationFacts(answers),
      decisions: decided.compactMapValues { SettingDecision(rawValue: $0) }.filter { $0.value != .keep },
      followsAdvice: false, runsFollowUps: answers.given(SettingsKey.follow) == SettingsKey.runHere)
  }
}

extension Field {
  /// A table of decisions about settings or secrets.
  ///
  /// - Parameter id: the name in answers.
  static func settingDecisions(
    _ id: String, _ title: String, name: String? = nil, _ advice: [SettingAdvice], secrets: Bool,
    id itemID: (SettingAdvice) -> String = \.id
  ) -> Field {
    let among: [SettingDecision] = secrets ? [.copy, .keep] : [.copy, .merge, .keep, .drop]
    return Field(
      id, title, name: name,
      .decisions(
        advice.map { item($0, id: itemID($0), secrets: secrets) },
        among: among.map { Decision(id: $0.rawValue, title: words($0)) }))
  }

  private static func words(_ decision: SettingDecision) -> String {
    switch decision {
    case .copy: "copy"
    case .keep: "keep"
    case .drop: "take out"
    case .merge: "join"
    }
  }

  /// Secrets are compared by their fingerprints, which must not be taken for values.
  private static func values(_ advice: SettingAdvice, secrets: Bool) -> [String] {
    let what = secrets ? "Fingerprint on the " : "On the "
    let shown = [
      advice.sourceValue.map { "\(what)old server: \($0)." }, advice.targetValue.map { "\(what)new server: \($0)." },
    ].compactMap(\.self)
    return shown + (secrets && !shown.isEmpty ? ["Fingerprints are new in each comparison."] : [])
  }

  private static func item(_ advice: SettingAdvice, id: String, secrets: Bool) -> Item {
    let state =
      switch advice.state {
      case .same: "same"
      case .different: "different"
      case .onlySource: "only on the old server"
      case .onlyTarget: "only on the new server"
      }
    return Item(
      id: id, title: advice.title, state: advice.isKnown ? state : "\(state), unknown",
      purpose: ([advice.purpose] + values(advice, secrets: secrets)).joined(separator: " "),
      consequences: [
        "copy": advice.ifCopied, "keep": advice.ifKept,
        "merge": "Both lists in one: this server's own first, then what only the old one has.",
        "drop": "It is removed here; the server's default applies.",
      ],
      advice: advice.recommended.rawValue, why: advice.why,
      disabled: advice.choices.count > 1 ? nil : "It cannot be changed here: \(advice.why).",
      choices: advice.choices.map(\.rawValue))
  }
}

extension MigrationFacts.Kind: AnswerValue {}
