import Common
import Operations
import Postgres
import Server

/// Reactivates a deactivated organization. An active one is a blocker: nothing is to be done.
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

  public func check() throws -> [Finding] { try findings(ifActive: .blocker) }

  /// - Parameter severity: that of the finding about an organization that is active already.
  fileprivate func findings(ifActive severity: Finding.Severity) throws -> [Finding] {
    let installation = try server.installation()
    let connection = try installation.connect()
    defer { connection.close() }
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    let state = StateFindings(organization: organization, installation: installation, connection: connection)
    guard !organization.isDeactivated else { return try state.findings(.reactivate) }
    let active = Finding(
      severity, "organization", "\(organization.label) is active already: there is nothing to do",
      remedy: "if people cannot sign in, empty the server's cache: \(installation.command(["cache", "flush"]))",
      id: .nothingToDo)
    return [active.about(.organization)] + (try state.findings(.reactivate))
  }

  public func plan() throws -> Plan {
    Plan(
      title: title, phases: [Plan.Phase(Phase.reactivate)],
      leavesAlone: ["All data"])
  }

  public func run(progress: Progress) throws -> Summary { try run(progress, after: check()) }

  fileprivate func run(_ progress: Progress, after findings: [Finding]) throws -> Summary {
    try progress.pass(findings)
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

/// A reactivation as a part of an undo or a move: an organization that is active already does not block the other parts.
package struct ReactivationPart: Runnable {
  private let operation: ReactivateOperation

  package init(_ operation: ReactivateOperation) { self.operation = operation }

  package func check() throws -> [Finding] { try operation.findings(ifActive: .ok) }
  package func plan() throws -> Plan { try operation.plan() }
  package func run(progress: Progress) throws -> Summary { try operation.run(progress, after: check()) }
}
