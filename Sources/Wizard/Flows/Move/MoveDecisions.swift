import Common
import Engine

/// How the answers of the flow become decisions.
extension MoveDecisions {
  /// Where each answer is.
  enum Key {
    static let source = "source.root"
    static let organization = "organization.which"
    static let place = "target.place"
    static let target = "target.root"
    static let archive = "target.archive"
    static let subdomain = "address.subdomain"
    static let reserved = "address.reserved"
    static let deactivate = "deactivate.old"
    static let secrets = "secrets.each"
    static let stop = "memory.stop"
  }

  enum Place: String, Sendable {
    /// Another server on this machine.
    case here
    /// Another machine, which this one cannot reach into.
    case elsewhere
  }

  init(_ answers: Answers) {
    let place = answers.text(Key.place).flatMap { Place(rawValue: $0) } ?? .here
    let subdomain = answers.text(Key.subdomain) ?? ""
    let wasDeactivated = answers.detail(Key.organization, "state") == "deactivated"
    self.init(
      source: answers.text(Key.source) ?? "/", target: place == .here ? answers.text(Key.target) : nil,
      organization: answers.text(Key.organization) ?? "", archive: answers.text(Key.archive) ?? "",
      subdomain: subdomain,
      allowsReserved: Self.isReserved(subdomain) && answers.flag(Key.reserved) ?? false,
      deactivates: !wasDeactivated && answers.flag(Key.deactivate) ?? false, wasDeactivated: wasDeactivated,
      secrets: place == .here ? answers.map(Key.secrets).compactMapValues { SecretDecision(rawValue: $0) } : [:],
      stopsTarget: place == .here && answers.detail(Key.target, "memory") != nil && answers.flag(Key.stop) ?? false)
  }
}
