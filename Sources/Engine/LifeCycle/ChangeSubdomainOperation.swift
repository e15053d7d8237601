import Common
import Postgres

/// Moves an organization to another subdomain of the same server.
///
/// The server leaves a closed organization at the old place, which sends people on to the new one. Making an
/// organization is the server's own business: with a redirect its management command does it all.
public struct ChangeSubdomainOperation: Operation {
  public let installation: Installation
  public let subdomain: String
  public let newSubdomain: String
  /// Whether people who come to the old address are sent on.
  public let leavesRedirect: Bool
  public let allowsReserved: Bool

  public init(
    _ installation: Installation, from subdomain: String, to newSubdomain: String, leavesRedirect: Bool = true,
    allowsReserved: Bool = false
  ) {
    self.installation = installation
    self.subdomain = subdomain
    self.newSubdomain = newSubdomain
    self.leavesRedirect = leavesRedirect
    self.allowsReserved = allowsReserved
  }

  public var name: String { "change-subdomain" }

  private var script: ServerScripts.Script {
    let reserved = allowsReserved ? ["--allow-reserved-subdomain"] : []
    return .manage("change_realm_subdomain", reserved + ["-r", subdomain, newSubdomain])
  }

  public func check() throws -> [Finding] {
    let connection = try installation.connect()
    defer { connection.close() }
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    if organization.isInternal {
      return [Finding(.blocker, "organization", "is the server's own", remedy: "choose another organization")]
    }
    var findings = try StateFindings(
      organization: organization, installation: installation, connection: connection
    ).findings(.changeSubdomain)
    let obstacles = try obstacles(organization, connection)
    findings += obstacles
    if obstacles.isEmpty {
      findings.append(
        Finding(.ok, "subdomain", "\(OrganizationState.address(newSubdomain, installation)) is free"))
    }
    let scripts = ServerScripts(installation)
    if leavesRedirect, !scripts.isHere(script) {
      findings.append(
        Finding(
          .blocker, "redirect", "only the server's own command can leave one, and it is not here",
          remedy: "run it where the server is: \(scripts.commandLine(script)), or do without a redirect"))
    }
    return findings + [
      Finding(
        .warning, "people", "every app and every bot must be told the new address",
        remedy: "tell people before; the old address "
          + (leavesRedirect ? "sends browsers on, but not apps and bots" : "answers no more"))
    ]
  }

  /// The organization's own redirect is in nobody's way: it goes where the organization comes back to its old name.
  private func obstacles(_ organization: Organization, _ connection: Connection) throws -> [Finding] {
    guard try OrganizationState.ownRedirect(at: newSubdomain, of: organization, installation, connection) != nil else {
      return try SubdomainRules.obstacles(
        newSubdomain, installation, allowsReserved: allowsReserved, connection)
    }
    let place = OrganizationState.address(newSubdomain, installation)
    return [
      leavesRedirect
        ? Finding(
          .blocker, "subdomain", "\(place) is held by a redirect to this organization, which an earlier move has left",
          remedy: "delete that redirect first: organization delete -r \(ServerScripts.quoted(newSubdomain)); or use "
            + "--skip-redirect, which removes it")
        : Finding(.ok, "subdomain", "\(place) is held by a redirect to this organization; the redirect is removed")
    ]
  }

  public func plan() throws -> Plan {
    Plan(
      title: "Move the organization from \(OrganizationState.address(subdomain, installation)) to "
        + OrganizationState.address(newSubdomain, installation),
      phases: [Plan.Phase("subdomain", "Change the subdomain"), Plan.Phase("cache", "Empty the cache")],
      destroys: ["Sessions of its people: they sign in at the new address"],
      leavesAlone: ["All other data, and links of the old address in messages: they stay as they were written"])
  }

  public func run(progress: Progress) throws -> Summary {
    let findings = try check()
    guard !findings.contains(where: { $0.severity == .blocker }) else { throw Blocked(findings) }
    let connection = try installation.connect(cancellation: progress.cancellation)
    defer { connection.close() }
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    try progress.phase("subdomain", "Change the subdomain") { _ in
      if leavesRedirect {
        try ServerScripts(installation).run(script, progress: progress)
        try confirm(organization, connection)
      } else {
        try OrganizationState.move(organization, to: newSubdomain, installation, connection)
      }
    }
    try progress.phase("cache", "Empty the cache") { _ in
      ServerCache.flushOrWarn(installation, progress: progress)
    }
    let summary = Summary(
      title: "\(organization.name) is at \(OrganizationState.address(newSubdomain, installation))",
      facts: [
        Summary.Fact("New address", OrganizationState.address(newSubdomain, installation)),
        Summary.Fact(
          "Old address",
          OrganizationState.address(subdomain, installation)
            + (leavesRedirect ? ", sends browsers on" : ", answers no more")),
      ],
      warnings: progress.warnings, nextSteps: ["Restart the server, so that it notices", "Tell people the new address"])
    progress.finished(summary)
    return summary
  }

  /// A command that ends well is believed when the database says so too.
  private func confirm(_ organization: Organization, _ connection: Connection) throws {
    let now = try connection.value("SELECT string_id FROM zerver_realm WHERE id = $1", [String(organization.id)])
    guard now != newSubdomain else { return }
    throw PlainFailure(
      .command, "manage.py change_realm_subdomain",
      "ended well, but the organization still has the subdomain '\(SafeText.clean(now ?? "", limit: 60))'",
      remedy: "run it by hand and read what it says: \(ServerScripts(installation).commandLine(script))")
  }
}
