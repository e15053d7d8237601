import Administration
import Common
import Engine

/// Creates decisions from the answers of the flow.
extension MoveDecisions {
  /// The keys of the answers.
  enum Key {
    static let source = AnswerKey("source.root", unanswered: "/")
    static let organization: AnswerKey<String> = "organization.which"
    static let place = AnswerKey("target.place", unanswered: Place.here)
    static let target: AnswerKey<String> = "target.root"
    static let archive: AnswerKey<String> = "target.archive"
    static let subdomain: AnswerKey<String> = "address.subdomain"
    static let reserved: AnswerKey<Bool> = "address.reserved"
    static let deactivate: AnswerKey<Bool> = "deactivate.old"
    static let secrets: AnswerKey<[String: String]> = "secrets.each"
    static let stop: AnswerKey<Bool> = "memory.stop"
  }

  enum Place: String, AnswerValue {
    /// Another server on this machine.
    case here
    /// Another machine without access from here.
    case elsewhere
  }

  init(_ answers: Answers) {
    let place = answers[Key.place]
    let subdomain = answers[Key.subdomain]
    let wasDeactivated = answers.detail(Key.organization, "state") == "deactivated"
    self.init(
      source: answers[Key.source], target: place == .here ? answers.given(Key.target) : nil,
      organization: answers[Key.organization], archive: answers[Key.archive],
      subdomain: subdomain,
      allowsReserved: Self.isReserved(subdomain) && answers[Key.reserved],
      deactivates: !wasDeactivated && answers[Key.deactivate], wasDeactivated: wasDeactivated,
      secrets: place == .here ? answers[Key.secrets].compactMapValues { SettingDecision(rawValue: $0) } : [:],
      stopsTarget: place == .here && answers.detail(Key.target, "memory") != nil && answers[Key.stop])
  }
}
