import Common
import Operations
import Postgres
import Server

/// Reactivates a deactivated organization.
public struct ReactivateOperation: Operation {
  private enum Phase: String, OperationPhase {
    case reactivate

    var title: String { "Reactivate the organization" }
  }

  public static let kind = "reactivate"
  public let server: ServerReference
  public let subdomain: String

  public init(_ server: ServerReference, subdomain: String) {
    self.server = server
    self.subdomain = subdomain
  }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { "Reactivate '\(subdomain)'" }
  public var commands: [ProgramCommand] {
    [ProgramCommand(["organization", "reactivate", "-r", subdomain], on: server)]
  }

  public func undo(_ context: UndoContext) -> UndoRule {
    .operations([DeactivateOperation(server, subdomain: subdomain)])
  }

  // MARK: Check, plan, run

  public func check() throws -> [Finding] {
    let installation = try server.installation()
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
      title: "Reactivate the organization", phases: [Plan.Phase(Phase.reactivate)],
      leavesAlone: ["All data"])
  }

  public func run(progress: Progress) throws -> Summary {
    try progress.pass(check())
    let installation = try server.installation()
    let connection = try installation.connect(cancellation: progress.cancellation)
    defer { connection.close() }
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    try progress.phase(Phase.reactivate) { _ in
      if organization.isDeactivated {
        try OrganizationState.reactivate(organization, connection)
        ServerCache.flushOrWarn(installation, progress: progress)
      }
    }
    return Summary(
      title: "\(organization.label) is active",
      facts: [Summary.Fact("Users", count: Int64(organization.activeUsers), .users)],
      nextSteps: [installation.restartStep("so that it reads the change")])
  }
}
