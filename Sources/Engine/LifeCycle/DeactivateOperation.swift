import Common
import Postgres

/// Closes an organization: nobody can sign in any more, sessions end, all data stays.
public struct DeactivateOperation: Operation {
  public let installation: Installation
  public let subdomain: String

  public init(_ installation: Installation, subdomain: String) {
    self.installation = installation
    self.subdomain = subdomain
  }

  public var name: String { "deactivate" }

  public func check() throws -> [Finding] {
    let connection = try installation.connect()
    defer { connection.close() }
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    if organization.isInternal {
      return [
        Finding(
          .blocker, "organization", "is the server's own, home of its system bots",
          remedy: "choose another organization")
      ]
    }
    let state = StateFindings(organization: organization, installation: installation, connection: connection)
    return [
      Finding(
        .ok, "organization", "\(organization.label) has \(Amount.of(Int64(organization.activeUsers), "active user"))")
    ] + (try state.findings(.deactivate))
  }

  public func plan() throws -> Plan {
    Plan(
      title: "Deactivate the organization", phases: [Plan.Phase("deactivate", "Deactivate the organization")],
      destroys: ["Its people's sessions, and mail that waits to be sent"],
      leavesAlone: ["All other data; it can be reactivated at any time"])
  }

  public func run(progress: Progress) throws -> Summary {
    let findings = try check()
    guard !findings.contains(where: { $0.severity == .blocker }) else { throw Blocked(findings) }
    let connection = try installation.connect(cancellation: progress.cancellation)
    defer { connection.close() }
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    let sessions = try progress.phase("deactivate", "Deactivate the organization") { _ in
      if !organization.isDeactivated { try OrganizationState.deactivate(organization, connection) }
      let ended = try OrganizationState.endActivity(organization, connection)
      // The cache holds sessions too; until it is empty those who are signed in stay so.
      ServerCache.flushOrWarn(installation, progress: progress)
      return ended
    }
    let summary = Summary(
      title: "\(organization.label) is deactivated",
      facts: [Summary.Fact("Sessions ended", Amount.count(Int64(sessions)))], warnings: progress.warnings,
      nextSteps: ["Restart the server, so that it notices"])
    progress.finished(summary)
    return summary
  }
}
