import Common

/// Everything that is decided before an organization moves, as one value: what a job's process is given.
public struct MoveDecisions: Sendable, Codable, Equatable {
  public var source: String
  /// nil: the archive is made, and imported by hand on another machine.
  public var target: String?
  public var organization: String
  public var archive: String
  /// On the new server.
  public var subdomain: String
  /// The subdomain is one that servers keep for themselves, and is taken all the same.
  public var allowsReserved: Bool
  public var deactivates: Bool
  public var wasDeactivated: Bool
  public var secrets: [String: SettingDecision]
  /// Stops the new server for the time of the import, for a machine with little memory.
  public var stopsTarget: Bool

  public init(
    source: String, target: String?, organization: String, archive: String, subdomain: String,
    allowsReserved: Bool = false, deactivates: Bool = false, wasDeactivated: Bool = false,
    secrets: [String: SettingDecision] = [:], stopsTarget: Bool = false
  ) {
    self.stopsTarget = stopsTarget
    self.source = source
    self.target = target
    self.organization = organization
    self.archive = archive
    self.subdomain = subdomain
    self.allowsReserved = allowsReserved
    self.deactivates = deactivates
    self.wasDeactivated = wasDeactivated
    self.secrets = secrets
  }

  public static func isReserved(_ subdomain: String) -> Bool {
    Brand.allCases.contains { ImportOperation.isReserved(subdomain, brand: $0) }
  }

  public var copiedSecrets: [String] { secrets.filter { $0.value == .copy }.keys.sorted() }
}
