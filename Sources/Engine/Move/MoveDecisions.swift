import Administration
import Common
import Operations
import Transfer

/// All decisions about the move of an organization, as one value for a job.
public struct MoveDecisions: Sendable, Codable, Equatable {
  /// The root folder of the old server, resolved, see ``Operations/ServerReference``.
  public var source: String
  /// The root folder of the new server, resolved. Nil: the archive is created, and imported by hand on another machine.
  public var target: String?
  public var organization: String
  public var archive: String
  /// The subdomain on the new server.
  public var subdomain: String
  /// Whether a reserved subdomain is used on purpose.
  public var allowsReserved: Bool
  public var deactivates: Bool
  public var wasDeactivated: Bool
  public var secrets: [String: SettingDecision]
  /// Whether to stop the new server during the import, for a machine with little memory.
  public var stopsTarget: Bool

  public init(
    source: String, target: String?, organization: String, archive: String, subdomain: String,
    allowsReserved: Bool = false, deactivates: Bool = false, wasDeactivated: Bool = false,
    secrets: [String: SettingDecision] = [:], stopsTarget: Bool = false
  ) {
    self.stopsTarget = stopsTarget
    self.source = RootFolder(source).path
    self.target = target.map { RootFolder($0).path }
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
