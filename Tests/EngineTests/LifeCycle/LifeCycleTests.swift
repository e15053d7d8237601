import Common
import Glibc
import Postgres
import Sandbox
import Synchronization
import Testing
import Transfer

@testable import Administration
@testable import Operations
@testable import Server

@Suite("The life of an organization")
struct LifeCycleTests {
  private func server() throws -> SandboxServer {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.bookclub, messages: 20))
    return server
  }

  @Test("Deactivating ends sessions, deletes scheduled mail, and writes the server's audit log entry")
  func closing() throws {
    let server = try server()
    let user = try #require(
      try server.value("SELECT min(id) FROM zerver_userprofile WHERE realm_id > 1 AND NOT is_bot"))
    try server.connectAsSuperuser().execute(
      """
      INSERT INTO django_session VALUES ('a', '\(SessionSample.data(user: user))', now() + interval '1 day'),
        ('b', '\(SessionSample.data(user: "1"))', now() + interval '1 day'), ('c', 'rubbish', now())
      """)
    let summary = try DeactivateOperation(server.reference, subdomain: "bookclub").perform(.silent)
    #expect(summary.facts == [Summary.Fact("Sessions ended", count: 1, .sessions)])
    #expect(try server.column("SELECT session_key FROM django_session ORDER BY 1") == ["b", "c"])
    #expect(try server.value("SELECT deactivated FROM zerver_realm WHERE string_id = 'bookclub'") == "t")
    let details = try server.value(
      "SELECT extra_data FROM zerver_realmauditlog WHERE event_type = 201 AND acting_user_id IS NULL")
    let active = try server.value(
      "SELECT count(*) FROM zerver_userprofile WHERE realm_id > 1 AND is_active AND NOT is_bot AND role = 400")
    #expect(details?.contains("\"400\": \(active ?? "?")") == true, "\(details ?? "")")
    #expect(details?.contains("deactivation_reason") == false, "this version does not note a reason")
    #expect(try text(server.scriptLog).contains("[flush-memcached]"), "the cache holds sessions too")
    _ = try ReactivateOperation(server.reference, subdomain: "bookclub").perform(.silent)
    #expect(try server.value("SELECT deactivated FROM zerver_realm WHERE string_id = 'bookclub'") == "f")
    #expect(try server.value("SELECT count(*) FROM zerver_realmauditlog WHERE event_type = 202") == "1")
  }

  @Test("Remaining sessions of a deactivated organization are ended, and then there is nothing to do")
  func interruptedDeactivation() throws {
    let server = try server()
    let user = try #require(
      try server.value("SELECT min(id) FROM zerver_userprofile WHERE realm_id > 1 AND NOT is_bot"))
    // The state that a process leaves which is killed between the two transactions.
    try server.connectAsSuperuser().execute(
      """
      UPDATE zerver_realm SET deactivated = true WHERE string_id = 'bookclub';
      INSERT INTO django_session VALUES ('a', '\(SessionSample.data(user: user))', now() + interval '1 day')
      """)
    let operation = DeactivateOperation(server.reference, subdomain: "bookclub")
    #expect(try operation.perform(.silent).facts == [Summary.Fact("Sessions ended", count: 1, .sessions)])
    let failure = #expect(throws: Blocked.self) { try operation.perform(.silent) }
    #expect(failure?.family == .conflict)
    #expect(failure?.findings.map(\.id) == [.nothingToDo])
  }

  @Test("A reactivation that is a part of an undo accepts an active organization")
  func partOfUndo() throws {
    let server = try server()
    let archive = "\(server.root)/a.tar.gz"
    try FileSystem.replace(archive, with: [1])
    var options = ExportOperation.Options(subdomain: "bookclub", output: archive)
    options.deactivates = true
    let folder = "\(server.root)/job"
    try FileSystem.makeFolder(folder)
    Progress(recordFolder: folder) { _ in }.made(archive)
    let undo = ExportOperation(server.reference, options).undo(UndoContext(recordFolder: folder))
    guard case .operations(let parts, _) = undo else {
      Issue.record("no undo")
      return
    }
    for part in parts { #expect(try Blocked.of(part.check()) == nil) }
    for part in parts { _ = try part.run(progress: .silent) }
    #expect(!FileSystem.exists(archive))
    #expect(try server.value("SELECT deactivated FROM zerver_realm WHERE string_id = 'bookclub'") == "f")
  }

  @Test("The list contains the size of uploads and the last activity")
  func listing() throws {
    let server = try Servers.old()
    let connection = try server.connect()
    let list = try OrganizationOverview.list(connection, brand: .aloha)
    #expect(list.map(\.organization.subdomain).sorted() == ["alohainternal", "bookclub", "harbour"])
    let harbour = try #require(list.first { $0.organization.subdomain == "harbour" })
    let size = try server.value(
      "SELECT sum(size) FROM zerver_attachment WHERE realm_id = \(harbour.organization.id)")
    #expect(String(harbour.uploadBytes) == size)
    #expect(harbour.lastActivity?.hasPrefix("2026-") == true)
    #expect(list.first { $0.organization.isInternal }?.lastActivity == nil)
  }

  @Test("A change of the subdomain writes an audit log entry, and earlier redirects follow")
  func moving() throws {
    let server = try server()
    let other = SampleOrganization(.harbour, subdomain: "former", messages: 5)
    try server.add(other)
    let host = server.host
    try server.connectAsSuperuser().execute(
      """
      UPDATE zerver_realm SET deactivated = true, deactivated_redirect = 'https://bookclub.\(host)'
        WHERE string_id = 'former'
      """)
    let operation = ChangeSubdomainOperation(
      server.reference, from: "bookclub", to: "readers", leavesRedirect: false)
    _ = try operation.perform(.silent)
    #expect(
      try server.column("SELECT string_id FROM zerver_realm ORDER BY id") == ["alohainternal", "readers", "former"])
    #expect(
      try server.value("SELECT deactivated_redirect FROM zerver_realm WHERE string_id = 'former'")
        == "https://readers.\(host)")
    #expect(
      try server.value("SELECT extra_data FROM zerver_realmauditlog WHERE event_type = 214")
        == #"{"new_subdomain": "readers", "old_subdomain": "bookclub"}"#)
  }

  @Test("A redirect is created only by the server's own command")
  func redirect() throws {
    let server = try server()
    _ = try ChangeSubdomainOperation(server.reference, from: "bookclub", to: "readers").perform(.silent)
    #expect(
      try text(server.scriptLog).contains("[manage.py] [change_realm_subdomain] [-r] [bookclub] [readers]"))
    #expect(try server.value("SELECT count(*) FROM zerver_realm WHERE string_id = 'readers'") == "1")
    try FileSystem.removeTree("\(server.deployment)/manage.py")
    let findings = try ChangeSubdomainOperation(server.reference, from: "readers", to: "writers").check()
    let blocker = try #require(findings.first { $0.severity == .blocker })
    #expect(blocker.remedy?.contains("manage.py change_realm_subdomain -r readers writers") == true)
  }

  @Test("A server command without the expected effect in the database is reported as failed")
  func commandThatDoesNothing() throws {
    let server = try server()
    try FileSystem.replace("\(server.deployment)/manage.py", with: "#!/bin/sh\necho Done!\n".utf8, mode: 0o755)
    let failure = #expect(throws: PlainFailure.self) {
      try ChangeSubdomainOperation(server.reference, from: "bookclub", to: "readers").perform(.silent)
    }
    #expect(failure?.reason.contains("still has the subdomain 'bookclub'") == true)
  }

  @Test(
    "Subdomains that the server refuses are refused",
    arguments: [
      ("www", "reserved"), ("ab", "cannot be"), ("-abc", "cannot be"), ("Readers", "cannot be"),
      ("alohainternal", "in use"), ("bookclub", "nothing to do"), ("harbour", "in use"),
    ])
  func refused(_ name: String, _ word: String) throws {
    let operation = ChangeSubdomainOperation(
      try Servers.old().reference, from: "bookclub", to: name, leavesRedirect: false)
    let blocker = try operation.check().first { $0.severity == .blocker }
    #expect(blocker?.reason.contains(word) == true, "\(blocker?.reason ?? "allowed")")
  }

  @Test("The owner of a session is decoded from every format of the server")
  func sessions() {
    func user(_ data: String) -> Int64? { Array(data.utf8).withUnsafeBytes { Sessions.user(of: $0) } }
    let packed =
      ".eJyrVopPLC3JiC8tTi2Kz0xRslIyMTc0VNJBFk5KTM5OzQPJVRUU5WelJpfoQYWK9VxzEzNzHIFKnaCKUHRmJBZnALUlUgiAhlYAjakcJkCp"
      + "FgAoiJyf:1rAbCd:sig"
    #expect(user(packed) == 4711)
    #expect(user(SessionSample.data(user: "12")) == 12)
    let pickled = "gASVIwAAAAAAAAB9lCiMDV9hdXRoX3VzZXJfaWSUjAM4MTWUjAFilIwBY5R1Lg:1rAbCd:sig"
    #expect(user(pickled) == 815)
    for other in [
      "", ":::", "rubbish!", ".eJyr:x", Base64Text.encode("{}"), Base64Text.encode("{\"_auth_user_id\":\"x\"}"),
    ] {
      #expect(user(other) == nil, "\(other)")
    }
  }
}

@Suite("Password resets")
struct PasswordResetTests {
  private func operation(_ server: SandboxServer, _ audience: PasswordResetOperation.Audience) throws
    -> PasswordResetOperation
  {
    PasswordResetOperation(server.reference, subdomain: "harbour", audience: audience)
  }

  private func server() throws -> SandboxServer {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.harbour, messages: 10))
    return server
  }

  @Test("Password resets are sent to all active users, and never to bots")
  func everybody() throws {
    let server = try server()
    let people = try operation(server, .everybody).people()
    let active = try server.value(
      "SELECT count(*) FROM zerver_userprofile WHERE realm_id > 1 AND is_active AND NOT is_bot AND NOT is_mirror_dummy")
    #expect(String(people.filter(\.getsMail).count) == active)
    let gone = people.filter { !$0.getsMail }
    #expect(!gone.isEmpty)
    #expect(gone.allSatisfy { $0.reason == "the account is deactivated" })
    _ = try operation(server, .everybody).perform(.silent)
    #expect(try text(server.scriptLog).contains("[manage.py] [send_password_reset_email] [-r] [harbour] [--all-users]"))
  }

  @Test("Password resets for addresses ignore case, and an unknown address is refused before sending")
  func single() throws {
    let server = try server()
    let address = try #require(
      try server.value("SELECT delivery_email FROM zerver_userprofile WHERE realm_id > 1 AND is_active AND NOT is_bot"))
    _ = try operation(server, .addresses([address.uppercased()])).perform(.silent)
    #expect(try text(server.scriptLog).contains("[-u] [\(address)]"))
    let before = try text(server.scriptLog)
    let failure = #expect(throws: Blocked.self) {
      _ = try operation(server, .addresses([address, "nobody@example.com"])).perform(.silent)
    }
    #expect(failure?.reason.contains("no user of this organization") == true)
    #expect(try text(server.scriptLog) == before)
  }

  @Test("Users without a password are reported, and resets are refused if no password can be used")
  func otherMeans() throws {
    let server = try server()
    let user = try #require(
      try server.value("SELECT min(id) FROM zerver_userprofile WHERE realm_id > 1 AND is_active AND NOT is_bot"))
    let realm = try #require(try server.value("SELECT id FROM zerver_realm WHERE string_id = 'harbour'"))
    let connection = try server.connectAsSuperuser()
    try connection.execute(
      """
      INSERT INTO social_auth_usersocialauth (provider, uid, extra_data, user_id, created, modified)
        VALUES ('github', 'x', '{}', \(user), now(), now())
      """)
    #expect(
      try operation(server, .everybody).people().contains { $0.reason == "signs in by other means too: github" })
    try connection.execute(
      """
      DELETE FROM zerver_realmauthenticationmethod WHERE realm_id = \(realm);
      INSERT INTO zerver_realmauthenticationmethod (name, realm_id) VALUES ('GitHub', \(realm))
      """)
    try FileSystem.replace(
      "\(server.configuration)/settings.py",
      with: Array(
        try text("\(server.configuration)/settings.py").replacing(
          "\"zproject.backends.EmailAuthBackend\",",
          with: "\"zproject.backends.EmailAuthBackend\", \"zproject.backends.GitHubAuthBackend\","
        ).utf8), mode: 0o644)
    let blocker = try operation(server, .everybody).check().first { $0.severity == .blocker }
    #expect(blocker?.reason.contains("sign in with GitHub") == true, "\(blocker?.reason ?? "allowed")")
  }

  @Test("Without the server's command on this machine, the exact command is the remedy")
  func elsewhere() throws {
    let server = try server()
    try FileSystem.removeTree("\(server.deployment)/manage.py")
    let blocker = try operation(server, .everybody).check().first { $0.severity == .blocker }
    #expect(
      blocker?.remedy?.contains(
        "sudo -u aloha \(server.root)/home/aloha/deployments/current/manage.py send_password_reset_email -r harbour --all-users"
      )
        == true, "\(blocker?.remedy ?? "")")
  }

  @Test("A failing server command is reported with its output")
  func broken() throws {
    let server = try server()
    try server.breakScript("manage.py-send_password_reset_email", saying: "SMTP said no")
    let failure = #expect(throws: PlainFailure.self) { _ = try operation(server, .everybody).perform(.silent) }
    #expect(failure?.reason.contains("SMTP said no") == true)
    #expect(failure?.family == .command)
  }
}

@Suite("The server's scripts")
struct ServerScriptsTests {
  @Test("The server is started and stopped, with each line of output")
  func running() throws {
    let server = try Servers.fresh()
    let notes = Mutex<[String]>([])
    let progress = Progress { event in
      if case .note(let text) = event { notes.withLock { $0.append(text) } }
    }
    _ = try ScriptOperation(server.reference, .start).perform(progress)
    #expect(server.isRunning)
    _ = try ScriptOperation(server.reference, .restart).perform(progress)
    #expect(notes.withLock { $0 }.contains { $0.contains("restarted successfully") })
    _ = try ScriptOperation(server.reference, .stop).perform(progress)
    #expect(!server.isRunning)
  }

  @Test("Commands are shown with the required quotes")
  func quoting() {
    #expect(ServerScripts.quoted("a@b.example") == "a@b.example")
    #expect(ServerScripts.quoted("") == "''")
    #expect(ServerScripts.quoted("it's; rm") == "'it'\\''s; rm'")
  }

  @Test("Queues count as empty if every number is zero; others are named")
  func queues() throws {
    #expect(MessageQueues.finding("email_senders\t0\nmissedmessage_emails\t0\n").severity == .ok)
    // The message queues of this machine do not belong to a server below another root.
    #expect(try MessageQueues.findings(before: Servers.old().installation).isEmpty)
    let full = MessageQueues.finding("email_senders\t3\nuser_activity\t0\n")
    #expect(full.severity == .warning)
    #expect(full.reason.contains("email_senders: 3"))
    #expect(!full.reason.contains("user_activity"))
  }
}
