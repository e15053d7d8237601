import Common
import Operations
import Postgres
import Server

/// Password resets bound to the installation that sends them; see ``PasswordResetOperation``.
struct PasswordResetRun {
  typealias Phase = PasswordResetOperation.Phase
  typealias Person = PasswordResetOperation.Person

  let installation: Installation
  let subdomain: String
  let audience: PasswordResetOperation.Audience
  let onlyNeverSignedIn: Bool

  /// The number of addresses per call of the server's command.
  private static let batch = 200

  init(_ installation: Installation, _ operation: PasswordResetOperation) {
    self.installation = installation
    subdomain = operation.subdomain
    audience = operation.audience
    onlyNeverSignedIn = operation.onlyNeverSignedIn
  }

  /// Returns all requested users, and whether each gets an email. Sends nothing.
  func people() throws -> [Person] {
    let connection = try installation.connect()
    defer { connection.close() }
    return try people(connection)
  }

  /// Returns a description of the email.
  func preview() -> [String] {
    let host = OrganizationState.address(subdomain, installation)
    let sender = installation.settings.text("NOREPLY_EMAIL_ADDRESS") ?? "noreply@\(installation.host ?? "")"
    return [
      "From: an address like \(SafeText.clean(sender, limit: .name))",
      "The mail says that a new password was requested for the person's account on \(host), and to ignore the mail "
        + "if that was a mistake.",
      "A link below \(host)/accounts/password/reset/ leads to a page where a new password is typed twice. It works "
        + "once, and for a limited time; then \"Forgot password\" on the page to sign in sends another.",
      "Announce the mail beforehand, or people take it for fraud.",
    ]
  }

  /// Whether the server's command can be run on this machine.
  var canSend: Bool { ServerScripts(installation).isHere(command([])) }

  /// Returns the server's commands, for a shell on the server.
  func commands() throws -> [String] {
    let server = ServerScripts(installation)
    return scripts(for: try people().filter(\.getsMail)).map { server.commandLine($0) }
  }

  func check() throws -> [Finding] {
    let connection = try installation.connect()
    defer { connection.close() }
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    let people = try people(connection)
    let receivers = people.filter(\.getsMail)
    var findings = try StateFindings(
      organization: organization, installation: installation, connection: connection
    ).findings(.passwordReset).about(.organization)
    for person in people where !person.getsMail {
      if case .addresses = audience {
        findings.append(
          Finding(.blocker, person.address, "gets no mail: \(person.reason ?? "")", remedy: "leave that address out")
            .about(.people))
      }
    }
    findings += try signInMethods(organization, connection)
    findings.append(
      receivers.isEmpty
        ? Finding(.blocker, "people", "no user would get an email").about(.people)
        : Finding(
          .ok, "people",
          "\(Amount.of(Int64(receivers.count), "person gets", "people get")) mail; the server sends one after another "
            + "without a pause", remedy: receivers.count > 100 ? "make sure that the mail server allows as many" : nil))
    let server = ServerScripts(installation)
    let commands = scripts(for: receivers)
    if !canSend {
      findings.append(
        Finding(
          .blocker, "manage.py", "is not on this machine",
          remedy: "run it where the server is: "
            + commands.map { server.commandLine($0) }.joined(separator: "; ")))
    }
    return findings
  }

  func plan() throws -> Plan {
    let count = try people().filter(\.getsMail).count
    return Plan(
      title: "Send a password reset to \(Amount.of(Int64(count), "person", "people")) of "
        + OrganizationState.address(subdomain, installation),
      phases: [
        Plan.Phase(Phase.mail, amount: Amount.of(Int64(count), "person", "people"), amounts: [.people: Int64(count)])
      ],
      leavesAlone: ["Passwords that people have: they count until a new one is chosen"],
      pointOfNoReturn: "what has been sent by then cannot be taken back")
  }

  func run(_ progress: Progress) throws -> Summary {
    try progress.pass(check())
    let receivers = try people().filter(\.getsMail)
    let server = ServerScripts(installation)
    var sent = 0
    try progress.phase(Phase.mail, total: Int64(receivers.count), unit: .steps) { meter in
      for (index, script) in scripts(for: receivers).enumerated() {
        do { try server.run(script, progress: progress) } catch {
          if sent > 0 { progress.warn("\(Amount.of(Int64(sent), "mail")) had been sent before it stopped") }
          throw error
        }
        let count = isForAll(receivers) ? receivers.count : min(Self.batch, receivers.count - index * Self.batch)
        sent += count
        try meter.advance(by: Int64(count))
      }
    }
    var next: [Summary.Step] = ["Look whether the mail has arrived, also in the folder for unwanted mail"]
    if case .addresses = audience {
      next.append(
        Summary.Step("Then send it to everybody who has not signed in here yet")
          .with(.sendPasswordResets(root: installation.rootOption, subdomain: subdomain)))
    }
    return Summary(
      title: "Password resets are sent", facts: [Summary.Fact("People", count: Int64(sent), .people)],
      nextSteps: next)
  }

  // MARK: Who

  private func people(_ connection: Connection) throws -> [Person] {
    let organization = try Organization.find(subdomain, connection, brand: installation.brand)
    let rows = try connection.query(
      """
      SELECT u.delivery_email, u.full_name, u.is_active, u.is_bot, u.is_mirror_dummy, u.tos_version = '-1',
        u.password NOT LIKE '!%' AND u.password <> '',
        (SELECT string_agg(DISTINCT s.provider, ', ') FROM social_auth_usersocialauth s WHERE s.user_id = u.id)
      FROM zerver_userprofile u WHERE u.realm_id = $1 ORDER BY u.id
      """, [String(organization.id)])
    let all = rows.map { row in (address: row[0] ?? "", person: person(row)) }
    switch audience {
    case .everybody: return all.filter { $0.person.getsMail || $0.person.reason != Self.isNoPerson }.map(\.person)
    case .addresses(let addresses):
      return addresses.map { address in
        all.first { $0.address.lowercased() == address.lowercased() }?.person
          ?? Person(
            address: SafeText.clean(address, limit: .name), name: "", getsMail: false,
            reason: "no user of this organization has this address")
      }
    }
  }

  private static let isNoPerson = "is a bot, or a name on old messages only"

  private func person(_ row: Row) -> Person {
    var person = Person(
      address: SafeText.clean(row[0] ?? "", limit: .name), name: SafeText.clean(row[1] ?? "", limit: .word),
      getsMail: true,
      exactAddress: row[0] ?? "")
    if row.bool(3) || row.bool(4) {
      person.getsMail = false
      person.reason = Self.isNoPerson
    } else if !row.bool(2) {
      person.getsMail = false
      person.reason = "the account is deactivated"
    } else if onlyNeverSignedIn, !row.bool(5) {
      person.getsMail = false
      person.reason = "has signed in here already"
    } else if let provider = row[7] {
      person.reason = "signs in by other means too: \(SafeText.clean(provider, limit: .word))"
    } else if row.bool(6) {
      person.reason = "has a password already"
    }
    return person
  }

  /// Where passwords are not used, an email about them would only confuse.
  private func signInMethods(_ organization: Organization, _ connection: Connection) throws -> [Finding] {
    let methods = try connection.query(
      "SELECT name FROM zerver_realmauthenticationmethod WHERE realm_id = $1 ORDER BY name", [String(organization.id)]
    ).compactMap { $0[0].map { SafeText.clean($0, limit: .short) } }.filter(SignInMethods(installation).isOffered)
    if !methods.isEmpty, !methods.contains("Email"), !methods.contains("Dev") {
      return [
        Finding(
          .blocker, "signing in",
          "the organization does not allow passwords; users sign in with "
            + methods.joined(separator: ", "), remedy: "tell people to sign in that way; they need no mail")
      ]
    }
    let others = methods.filter { !["Email", "Dev"].contains($0) }
    guard !others.isEmpty else { return [Finding(.ok, "signing in", "with address and password")] }
    var reason = "also with \(others.joined(separator: ", ")): who uses that needs no new password"
    if others.contains("LDAP") { reason += "; who is in the directory (LDAP) keeps the password that it has" }
    return [Finding(.ok, "signing in", reason)]
  }

  // MARK: The server's command

  /// One call for all users is possible if none is excluded.
  private func isForAll(_ receivers: [Person]) -> Bool { audience == .everybody && !onlyNeverSignedIn }

  private func command(_ audience: [String]) -> ServerScripts.Script {
    .manage("send_password_reset_email", ["-r", subdomain] + audience)
  }

  private func scripts(for receivers: [Person]) -> [ServerScripts.Script] {
    if isForAll(receivers) { return [command(["--all-users"])] }
    return stride(from: 0, to: receivers.count, by: Self.batch).map { start in
      let part = receivers[start..<min(start + Self.batch, receivers.count)]
      return command(["-u", part.map(\.exactAddress).joined(separator: ",")])
    }
  }
}
