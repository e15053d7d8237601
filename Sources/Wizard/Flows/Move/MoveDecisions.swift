import Administration
import Common
import Engine
import Operations

/// Creates decisions from the answers of the flow.
extension MoveDecisions {
  /// The keys of the answers.
  enum Key {
    static let source = AnswerKey("source.root", unanswered: "/")
    static let organization: AnswerKey<String> = "organization.which"
    static let place = AnswerKey("target.place", unanswered: Place.here)
    static let target: AnswerKey<String> = "target.root"
    /// The new server on another machine: a host, or a whole address.
    static let host: AnswerKey<String> = "target.host"
    static let copies: AnswerKey<Bool> = "target.copy"
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
    /// A server on another machine, reached over SSH.
    case remote
    /// Another machine without access from here.
    case elsewhere
  }

  init(_ answers: Answers) {
    let place = answers[Key.place]
    let subdomain = answers[Key.subdomain]
    let wasDeactivated = answers.detail(Key.organization, "state") == "deactivated"
    self.init(
      source: answers[Key.source], target: Self.target(answers),
      organization: answers[Key.organization], archive: answers[Key.archive],
      subdomain: subdomain,
      allowsReserved: Self.isReserved(subdomain) && answers[Key.reserved],
      deactivates: !wasDeactivated && answers[Key.deactivate], wasDeactivated: wasDeactivated,
      secrets: place != .elsewhere ? answers[Key.secrets].compactMapValues { SettingDecision(rawValue: $0) } : [:],
      stopsTarget: place == .here && answers.detail(Key.target, "memory") != nil && answers[Key.stop])
    copiesProgram = place == .remote && answers[Key.copies] ? true : nil
  }

  /// Returns the new server, as far as it is answered.
  static func target(_ answers: Answers) -> String? {
    switch answers[Key.place] {
    case .here: answers.given(Key.target)
    case .remote: answers.given(Key.host).map(address)
    case .elsewhere: nil
    }
  }

  /// Returns the address that a host, or an address, means.
  static func address(_ typed: String) -> String {
    ServerReference.normalized(RemoteAddress.isMeant(typed) ? typed : RemoteAddress.prefix + typed)
  }
}
