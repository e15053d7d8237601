import Common
import Operations
import Postgres
import Server

/// Deactivates an organization: users cannot sign in any more, sessions end, and all data is kept. A deactivated one is a
/// blocker, unless an interrupted deactivation has left sessions or scheduled mail.
public struct DeactivateOperation: Operation {
  private enum Phase: String, OperationPhase {
    case deactivate

    var title: String { "Deactivate the organization" }
  }

  public static let kind = "deactivate"
  public let server: ServerReference
  public let subdomain: String

  public init(_ server: ServerReference, subdomain: String) {
    self.server = server
    self.subdomain = subdomain
  }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { "Deactivate '\(subdomain)'" }
  public var commands: [ProgramCommand] {
    [ProgramCommand(["organization", "deactivate", "-r", subdomain], on: server)]
  }

  public func undo(_ context: UndoContext) -> UndoRule {
    .operations([ReactivateOperation(server, subdomain: subdomain)])
  }

  // MARK: Check, plan, run

  public func check() throws -> [Finding] {
    let installation = try server.installation()
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
    let findings = try state.findings(.deactivate)
    // A redirect has its own blocker, which names the organization that it leads to.
    if organization.isDeactivated, !findings.contains(where: { $0.severity == .blocker }),
      try !OrganizationState.hasActivity(organization, connection)
    {
      let done = Finding(
        .blocker, "organization", "\(organization.label) is deactivated already: there is nothing to do",
        remedy: "if people can still use it, empty the server's cache: \(installation.command(["cache", "flush"]))",
        id: .nothingToDo)
      return [done.about(.organization)] + findings
    }
    return [
      Finding(
        .ok, "organization", "\(organization.label) has \(Amount.of(Int64(organization.activeUsers), "active user"))")
    ] + findings
  }

  public func plan() throws -> Plan {
    Plan(
      title: title, phases: [Plan.Phase(Phase.deactivate)],
      destroys: ["Its people's sessions, and mail that waits to be sent"],
      leavesAlone: ["All other data; it can be reactivated at any time"])
  }

  public func run(progress: Progress) throws -> Summary {
    try progress.pass(check())
    let installation = try server.installation()
    let connection = try installation.connect(cancellation: progress.cancellation)
    defer { connection.close() }
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    let sessions = try progress.phase(Phase.deactivate) { _ in
      if !organization.isDeactivated { try OrganizationState.deactivate(organization, connection) }
      let ended = try OrganizationState.endActivity(organization, connection)
      // The cache contains sessions too: users stay signed in until it is empty.
      ServerCache.flushOrWarn(installation, progress: progress)
      return ended
    }
    return Summary(
      title: "\(organization.label) is deactivated",
      facts: [Summary.Fact("Sessions ended", count: Int64(sessions), .sessions)],
      nextSteps: [installation.restartStep("so that it reads the change")])
  }
}
