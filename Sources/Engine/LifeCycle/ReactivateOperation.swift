import Common
import Postgres

/// Lets the people of a deactivated organization in again.
public struct ReactivateOperation: Operation {
  public let installation: Installation
  public let subdomain: String

  public init(_ installation: Installation, subdomain: String) {
    self.installation = installation
    self.subdomain = subdomain
  }

  public var name: String { "reactivate" }

  public func check() throws -> [Finding] {
    let connection = try installation.connect()
    defer { connection.close() }
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    let state = StateFindings(organization: organization, installation: installation, connection: connection)
    return
      (organization.isDeactivated
      ? [] : [Finding(.ok, "organization", "\(organization.label) is active already")])
      + (try state.findings(.reactivate))
  }

  public func plan() throws -> Plan {
    Plan(
      title: "Reactivate the organization", phases: [Plan.Phase("reactivate", "Reactivate the organization")],
      leavesAlone: ["All data"])
  }

  public func run(progress: Progress) throws -> Summary {
    let findings = try check()
    guard !findings.contains(where: { $0.severity == .blocker }) else { throw Blocked(findings) }
    for finding in findings where finding.severity == .warning {
      progress.warn("\(finding.subject): \(finding.reason)")
    }
    let connection = try installation.connect(cancellation: progress.cancellation)
    defer { connection.close() }
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    try progress.phase("reactivate", "Reactivate the organization") { _ in
      if organization.isDeactivated {
        try OrganizationState.reactivate(organization, connection)
        ServerCache.flushOrWarn(installation, progress: progress)
      }
    }
    let summary = Summary(
      title: "\(organization.label) is active",
      facts: [Summary.Fact("Users", Amount.count(Int64(organization.activeUsers)))], warnings: progress.warnings,
      nextSteps: ["Restart the server, so that it notices"])
    progress.finished(summary)
    return summary
  }
}
