import Common
import Glibc
import Postgres
import Sandbox
import Testing

@Suite("A server in a sandbox")
struct SandboxServerTests {
  @Test("A sandbox server has the production layout and private secrets")
  func layout() throws {
    let server = try Shared.fresh()
    for path in [
      "etc/aloha/settings.py", "etc/aloha/aloha.conf", "etc/aloha/aloha-secrets.conf", "home/aloha/uploads/files",
      "home/aloha/uploads/avatars", "home/aloha/deployments/current/version.py",
      "home/aloha/deployments/current/manage.py", "home/aloha/deployments/current/scripts/setup/flush-memcached",
    ] { #expect(FileSystem.exists("\(server.root)/\(path)"), "\(path)") }
    var status = stat()
    #expect(stat("\(server.configuration)/aloha-secrets.conf", &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
    let secrets = try text("\(server.configuration)/aloha-secrets.conf")
    for name in [
      "avatar_salt", "aloha_org_id", "aloha_org_key", "camo_key", "rabbitmq_password", "secret_key", "shared_secret",
      "postgres_password", "memcached_password",
    ] { #expect(secrets.contains("\n\(name) = "), "\(name)") }
    #expect(
      try text("\(server.configuration)/settings.py").contains(
        #"REMOTE_POSTGRES_HOST = "\#(server.parameters.host ?? "")""#))
    #expect(try text("\(server.deployment)/version.py").contains("API_FEATURE_LEVEL = 261"))
  }

  @Test("A sandbox server has its own secrets")
  func secrets() throws {
    let other = try Shared.sample()
    #expect(try Shared.fresh().avatarSalt != other.avatarSalt)
  }

  @Test("A new sandbox server contains only the internal organization")
  func freshRows() throws {
    let server = try Shared.fresh()
    #expect(try server.column("SELECT string_id FROM zerver_realm") == ["alohainternal"])
    #expect(
      try server.column("SELECT email FROM zerver_userprofile ORDER BY id") == [
        "emailgateway@aloha.com", "nagios-receive-bot@aloha.com", "nagios-send-bot@aloha.com",
        "notification-bot@aloha.com", "welcome-bot@aloha.com",
      ])
    #expect(try server.value("SELECT count(*) FROM zerver_namedusergroup WHERE is_system_group") == "8")
    #expect(try server.value("SELECT count(*) FROM zerver_recipient WHERE type = 1") == "5")
    #expect(try server.value("SELECT count(*) FROM zerver_realmauditlog") == "36")
    #expect(try server.value("SELECT count(*) FROM zerver_message") == "0")
    #expect(try server.value("SELECT count(*) FROM django_migrations WHERE app = 'zerver'") == "5")
  }

  @Test("A sandbox server starts, restarts and stops")
  func scripts() throws {
    let server = try Shared.sandbox().makeServer("scripted")
    #expect(!server.isRunning)
    try server.run("scripts/start-server")
    #expect(server.isRunning)
    let state = "\(server.root)/var/run/aloha"
    #expect(eventually { FileSystem.exists("\(state)/heartbeat") })
    let first = try text("\(state)/server.pid")
    try server.run("scripts/restart-server")
    #expect(server.isRunning)
    #expect(try text("\(state)/server.pid") != first)
    try server.run("scripts/stop-server")
    #expect(!server.isRunning)
  }

  @Test("The scripts of a sandbox server record their arguments")
  func log() throws {
    let server = try Shared.sandbox().makeServer("noted")
    try server.run("manage.py", ["send_password_reset_email", "-r", "", "-u", "a b@example.com"])
    try server.run("scripts/setup/flush-memcached")
    let notes = try text(server.scriptLog).split(separator: "\n").map { $0.drop { $0 != " " } }
    #expect(
      notes == [
        " [manage.py] [send_password_reset_email] [-r] [] [-u] [a b@example.com]", " [flush-memcached]",
      ])
  }

  @Test("Unknown commands are refused like by a real server")
  func unknownCommand() throws {
    let failure = #expect(throws: PlainFailure.self) { try Shared.fresh().run("manage.py", ["frobnicate"]) }
    #expect(failure?.reason.contains("Unknown command: 'frobnicate'") == true)
  }

  @Test("A script of a sandbox server can be broken and repaired")
  func brokenScript() throws {
    let server = try Shared.sandbox().makeServer("broken")
    try server.breakScript("restart-server", saying: "supervisor is not running")
    let failure = #expect(throws: PlainFailure.self) { try server.run("scripts/restart-server") }
    #expect(failure?.reason.contains("supervisor is not running") == true)
    try server.breakScript("restart-server", saying: nil)
    try server.run("scripts/restart-server")
    #expect(server.isRunning)
    try server.run("scripts/stop-server")
  }

  @Test("A sandbox database can require its password")
  func password() throws {
    let server = try Shared.sandbox().makeServer("locked")
    try server.requirePassword()
    var parameters = server.parameters
    #expect(
      eventually {
        do {
          _ = try Connection(parameters)
          return false
        } catch { return (error as? DatabaseFailure)?.family == .connection }
      })
    parameters.password = server.databasePassword
    #expect(try Connection(parameters).value("SELECT current_user") == "aloha")
    #expect(try Shared.fresh().value("SELECT 1") == "1")
  }
}
