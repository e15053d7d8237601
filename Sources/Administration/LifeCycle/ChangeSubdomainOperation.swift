import Common
import Operations
import Postgres
import Server

/// Moves an organization to another subdomain of the same server.
///
/// With a redirect, the server keeps a deactivated organization at the old subdomain, which redirects browsers. Only
/// the server's management command can create it, so that command makes the whole change.
public struct ChangeSubdomainOperation: Operation {
  public enum Phase: String, OperationPhase, CaseIterable {
    case subdomain, cache

    public var title: String { self == .subdomain ? "Change the subdomain" : "Empty the cache" }
  }

  public static let kind = "changeSubdomain"
  public let server: ServerReference
  public let subdomain: String
  public let newSubdomain: String
  /// Whether browsers that open the old address are redirected.
  public let leavesRedirect: Bool
  public let allowsReserved: Bool

  private enum CodingKeys: String, CodingKey {
    case server, leavesRedirect, allowsReserved
    case subdomain = "from"
    case newSubdomain = "to"
  }

  public init(
    _ server: ServerReference, from subdomain: String, to newSubdomain: String, leavesRedirect: Bool = true,
    allowsReserved: Bool = false
  ) {
    self.server = server
    self.subdomain = subdomain
    self.newSubdomain = newSubdomain
    self.leavesRedirect = leavesRedirect
    self.allowsReserved = allowsReserved
  }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { "Move '\(subdomain)' to '\(newSubdomain)'" }

  public var commands: [ProgramCommand] {
    var words = ["organization", "change-subdomain", "-r", subdomain, newSubdomain]
    if !leavesRedirect { words.append("--skip-redirect") }
    if allowsReserved { words.append("--allow-reserved-subdomain") }
    return [ProgramCommand(words, on: server)]
  }

  public func undo(_ context: UndoContext) -> UndoRule {
    .operations([
      ChangeSubdomainOperation(
        server, from: newSubdomain, to: subdomain, leavesRedirect: false, allowsReserved: allowsReserved)
    ])
  }

  private var script: ServerScripts.Script {
    let reserved = allowsReserved ? ["--allow-reserved-subdomain"] : []
    return .manage("change_realm_subdomain", reserved + ["-r", subdomain, newSubdomain])
  }

  // MARK: Check, plan, run

  public func check() throws -> [Finding] {
    let installation = try server.installation()
    let connection = try installation.connect()
    defer { connection.close() }
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    if organization.isInternal {
      return [
        Finding(.blocker, "organization", "is the server's own", remedy: "choose another organization")
          .about(.organization)
      ]
    }
    var findings = try StateFindings(
      organization: organization, installation: installation, connection: connection
    ).findings(.changeSubdomain).about(.organization)
    let obstacles = try obstacles(organization, installation, connection)
    findings += obstacles.about(.subdomain)
    if obstacles.isEmpty {
      findings.append(
        Finding(.ok, "subdomain", "\(OrganizationState.address(newSubdomain, installation)) is free"))
    }
    let scripts = ServerScripts(installation)
    if leavesRedirect, !scripts.isHere(script) {
      findings.append(
        Finding(
          .blocker, "redirect", "only the server's own command can create one, and it is not on this machine",
          remedy: "run it where the server is: \(scripts.commandLine(script)), or do without a redirect"
        ).about(.subdomain))
    }
    return findings + [
      Finding(
        .warning, "people", "every app and every bot needs the new address",
        remedy: "tell people before; the old address "
          + (leavesRedirect ? "sends browsers on, but not apps and bots" : "is no longer served"))
    ]
  }

  /// A redirect of the same organization is no obstacle: it is deleted when the organization returns to its old name.
  private func obstacles(
    _ organization: Organization, _ installation: Installation, _ connection: Connection
  ) throws -> [Finding] {
    let place = OrganizationState.address(newSubdomain, installation)
    guard newSubdomain != organization.subdomain else {
      return [
        Finding(
          .blocker, "subdomain", "\(organization.label) is at \(place) already: there is nothing to do",
          remedy: "give another subdomain to move it", id: .nothingToDo)
      ]
    }
    guard try OrganizationState.ownRedirect(at: newSubdomain, of: organization, installation, connection) != nil else {
      return try SubdomainRules.obstacles(
        newSubdomain, installation, allowsReserved: allowsReserved, connection)
    }
    return [
      leavesRedirect
        ? Finding(
          .blocker, "subdomain", "\(place) is held by a redirect to this organization, which an earlier move has left",
          remedy:
            "delete that redirect first: \(installation.command(["organization", "delete", "-r", newSubdomain])); "
            + "or use --skip-redirect, which removes it", id: .exists)
        : Finding(.ok, "subdomain", "\(place) is held by a redirect to this organization; the redirect is removed")
    ]
  }

  public func plan() throws -> Plan {
    let installation = try server.installation()
    return Plan(
      title: "Move the organization from \(OrganizationState.address(subdomain, installation)) to "
        + OrganizationState.address(newSubdomain, installation),
      phases: Phase.allCases.map { Plan.Phase($0) },
      destroys: ["Sessions of its people: they sign in at the new address"],
      leavesAlone: ["All other data. Links to the old address in messages are not changed either"])
  }

  public func run(progress: Progress) throws -> Summary {
    try progress.pass(check())
    let installation = try server.installation()
    let connection = try installation.connect(cancellation: progress.cancellation)
    defer { connection.close() }
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    try progress.phase(Phase.subdomain) { _ in
      if leavesRedirect {
        try ServerScripts(installation).run(script, progress: progress)
        try confirm(organization, installation, connection)
      } else {
        try OrganizationState.move(organization, to: newSubdomain, installation, connection)
      }
    }
    try progress.phase(Phase.cache) { _ in
      ServerCache.flushOrWarn(installation, progress: progress)
    }
    return Summary(
      title: "\(organization.name) is at \(OrganizationState.address(newSubdomain, installation))",
      facts: [
        Summary.Fact("New address", OrganizationState.address(newSubdomain, installation)),
        Summary.Fact(
          "Old address",
          OrganizationState.address(subdomain, installation)
            + (leavesRedirect ? ", sends browsers on" : ", is no longer served")),
      ],
      nextSteps: [installation.restartStep("so that it reads the change"), "Tell people the new address"])
  }

  /// Checks the effect of a successful command in the database.
  private func confirm(
    _ organization: Organization, _ installation: Installation, _ connection: Connection
  ) throws {
    let now = try connection.value("SELECT string_id FROM zerver_realm WHERE id = $1", [String(organization.id)])
    guard now != newSubdomain else { return }
    throw PlainFailure(
      .command, "manage.py change_realm_subdomain",
      "ended well, but the organization still has the subdomain '\(SafeText.clean(now ?? "", limit: .word))'",
      remedy: "run it by hand and read what it says: \(ServerScripts(installation).commandLine(script))")
  }
}
