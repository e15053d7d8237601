import Administration
import Common
import Operations
import Transfer

/// All decisions about the move of an organization, as one value for a job.
public struct MoveDecisions: Sendable, Codable, Equatable {
  /// The old server: its root folder, resolved, or its address on another machine, see ``Operations/ServerReference``.
  public var source: String
  /// The new server, likewise. Nil: the archive is created, and imported by hand on another machine.
  public var target: String?
  public var organization: String
  /// Where the archive is written on this machine. Not used if the new server is on another machine: the archive is
  /// streamed, and deleted there after the import.
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
  /// Between machines, the most bytes a second; nil: no limit.
  public var bytesPerSecond: Int64?
  /// Whether this program may be copied to a machine that does not have it, for the time of the work.
  public var copiesProgram: Bool?

  public init(
    source: String, target: String?, organization: String, archive: String, subdomain: String,
    allowsReserved: Bool = false, deactivates: Bool = false, wasDeactivated: Bool = false,
    secrets: [String: SettingDecision] = [:], stopsTarget: Bool = false
  ) {
    self.stopsTarget = stopsTarget
    self.source = ServerReference.normalized(source)
    self.target = target.map { ServerReference.normalized($0) }
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
