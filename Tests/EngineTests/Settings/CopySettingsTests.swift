import Common
import Glibc
import Sandbox
import Testing

@testable import Administration
@testable import Operations
@testable import Server

@Suite("Copying settings")
struct CopySettingsTests {
  private func contents(_ server: SandboxServer) throws -> [String: String] {
    var contents: [String: String] = [:]
    for name in try FileSystem.names(in: server.configuration) {
      contents[name] = try text("\(server.configuration)/\(name)")
    }
    return contents
  }

  private func operation(
    _ server: SandboxServer, secrets: [String: String] = [:], settings: String = "", configuration: String = "",
    _ decisions: [String: SettingDecision], followsAdvice: Bool = false, follows: Bool = false
  ) throws -> CopySettingsOperation {
    CopySettingsOperation(
      from: try SettingsAdvisorTests.sourceFolder(secrets: secrets, settings: settings, configuration: configuration),
      to: server.reference,
      CopySettingsOperation.Choices(
        facts: MigrationFacts(kind: .import, replacesSource: true), decisions: decisions, followsAdvice: followsAdvice,
        runsFollowUps: follows))
  }

  @Test("Copying settings changes only the decided values, keeps owner and mode, and can be undone")
  func copyAndUndo() throws {
    let server = try Servers.fresh()
    let path = "\(server.configuration)/settings.py"
    chmod(path, 0o644)
    chmod("\(server.configuration)/aloha-secrets.conf", 0o640)
    if geteuid() == 0 { chown(path, 4711, 4712) }
    let before = try contents(server)
    let operation = try operation(
      server, secrets: ["camo_key": "old camo", "mystery": "secret"],
      settings: "EXTERNAL_HOST = 'old.example.com'\nAUTHENTICATION_BACKENDS = ('a.b.GitHubAuthBackend',)\nNEW = 1\n",
      configuration: "[loadbalancer]\nips = 10.0.0.1\n",
      [
        "camo_key": .copy, "EXTERNAL_HOST": .copy, "AUTHENTICATION_BACKENDS": .merge, "settings.NEW": .copy,
        "loadbalancer.ips": .copy, "LOCAL_UPLOADS_DIR": .keep,
      ])
    let diff = try operation.diff()
    #expect(diff.contains("+EXTERNAL_HOST = 'old.example.com'"))
    #expect(diff.contains("+camo_key = (the old server's secret)"))
    #expect(!diff.joined().contains("old camo"))
    _ = try operation.perform(.silent)
    // The server's own backup command runs as the server's user, and must be able to read every file in the
    // configuration folder.
    var note = stat()
    #expect(stat("\(server.configuration)/\(ConfigurationChange.noteName)", &note) == 0)
    if geteuid() == 0 { #expect(note.st_uid == 4711) }

    let after = try contents(server)
    let host = server.host
    let settings = try #require(before["settings.py"])
    let expected =
      settings.replacing("EXTERNAL_HOST = \"\(host)\"", with: "EXTERNAL_HOST = 'old.example.com'")
      .replacing(
        "    \"zproject.backends.EmailAuthBackend\",\n",
        with: "    \"zproject.backends.EmailAuthBackend\",\n    \"a.b.GitHubAuthBackend\",\n")
    #expect(after["settings.py"]?.hasPrefix(expected) == true, "\(after["settings.py"] ?? "")")
    #expect(after["settings.py"]?.hasSuffix("\nNEW = 1\n") == true)
    #expect(try server.installation.secrets["camo_key"] == Secret("old camo"))
    #expect(try server.installation.secrets["mystery"] == nil)
    #expect(try server.installation.configuration.value("loadbalancer", "ips") == "10.0.0.1")
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o644)
    if geteuid() == 0 { #expect(status.st_uid == 4711 && status.st_gid == 4712) }
    #expect(stat("\(server.configuration)/aloha-secrets.conf", &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o640)
    let copies = after.keys.filter { $0.contains(".before-") }
    #expect(copies.count == 3)
    for copy in copies {
      #expect(after[copy] == before[String(copy[..<(copy.range(of: ".before-")?.lowerBound ?? copy.endIndex)])])
      #expect(stat("\(server.configuration)/\(copy)", &status) == 0)
      if copy.hasPrefix("aloha-secrets") { #expect(status.st_mode & 0o7777 == 0o640) }
    }

    _ = try UndoSettingsOperation(server.reference).perform(.silent)
    let undone = try contents(server)
    for (name, text) in before { #expect(undone[name] == text, "\(name)") }
    #expect(throws: Blocked.self) { _ = try UndoSettingsOperation(server.reference).perform(.silent) }
  }

  @Test("Undoing copied settings over later edits is refused unless requested")
  func edited() throws {
    let server = try Servers.fresh()
    _ = try operation(server, settings: "EXTERNAL_HOST = 'x'\n", ["EXTERNAL_HOST": .copy]).perform(.silent)
    let path = "\(server.configuration)/settings.py"
    try FileSystem.replace(path, with: Array((try text(path) + "# edited\n").utf8), mode: 0o644)
    let failure = #expect(throws: Blocked.self) {
      _ = try UndoSettingsOperation(server.reference).perform(.silent)
    }
    #expect(failure?.reason.contains("changed since") == true)
    _ = try UndoSettingsOperation(server.reference, overwritesEdits: true).perform(.silent)
    #expect(try server.installation.host == server.host)
  }

  @Test("Copying settings keeps the line endings of the files")
  func otherEnds() throws {
    let server = try Servers.fresh()
    for (name, text) in try contents(server) {
      try FileSystem.replace(
        "\(server.configuration)/\(name)", with: text.replacing("\n", with: "\r\n").utf8, mode: 0o640)
    }
    let before = try contents(server)
    let operation = try operation(
      server, secrets: ["camo_key": "old camo"],
      settings: "EXTERNAL_HOST = 'old.example.com'\nMANY = (\n    1,\n)\n",
      configuration: "[loadbalancer]\nips = 10.0.0.1\n",
      ["camo_key": .copy, "EXTERNAL_HOST": .copy, "settings.MANY": .copy, "loadbalancer.ips": .copy])
    let gone = try operation.diff().filter { $0.hasPrefix("-") && !$0.hasPrefix("---") }
    #expect(gone == ["-EXTERNAL_HOST = \"\(server.host)\""], "of three files nothing else goes")
    _ = try operation.perform(.silent)
    for (name, old) in before {
      let new = try text("\(server.configuration)/\(name)")
      #expect(new != old && !new.replacing("\r\n", with: "").contains("\n"), "\(name)")
      let lines = Set(TextLines(new).lines.map(\.text))
      let lost = TextLines(old).lines.map(\.text).filter { !lines.contains($0) }
      #expect(lost.allSatisfy { $0.hasPrefix("EXTERNAL_HOST") || $0.hasPrefix("camo_key") }, "\(name): \(lost)")
    }
    #expect(try text("\(server.configuration)/settings.py").contains("MANY = (\r\n    1,\r\n)\r\n"))
    #expect(try server.installation.host == "old.example.com")
    #expect(try server.installation.configuration.value("loadbalancer", "ips") == "10.0.0.1")
    _ = try UndoSettingsOperation(server.reference).perform(.silent)
    for (name, old) in before { #expect(try text("\(server.configuration)/\(name)") == old) }
  }

  @Test("Unknown settings are copied only on request")
  func unknown() throws {
    let server = try Servers.fresh()
    let secrets = ["mystery": "what", "camo_key": "c"]
    let settings = "MYSTERY_SETTING = 5\nEMAIL_HOST = 'mx'\n"
    let advised = try operation(server, secrets: secrets, settings: settings, [:], followsAdvice: true)
    #expect(try advised.chosen().map(\.advice.id) == ["secrets.camo_key", "settings.EMAIL_HOST"])
    #expect(try advised.check().contains { $0.subject == "mystery" && $0.severity == .warning })
    let asked = try operation(
      server, secrets: secrets, settings: settings, ["mystery": .copy, "MYSTERY_SETTING": .copy])
    #expect(try asked.chosen().map(\.advice.id).sorted() == ["secrets.mystery", "settings.MYSTERY_SETTING"])
  }

  @Test("Decisions about missing settings, and impossible ones, are refused")
  func impossible() throws {
    let server = try Servers.fresh()
    for (key, decision) in [("nonsense", SettingDecision.copy), ("camo_key", .merge), ("EXTERNAL_HOST", .merge)] {
      let operation = try operation(
        server, secrets: ["camo_key": "x"], settings: "EXTERNAL_HOST = 'x'\n", [key: decision])
      let failure = #expect(throws: PlainFailure.self) { _ = try operation.check() }
      #expect(failure?.family == .usage, "\(key)")
    }
  }

  @Test("Required scripts run in order, and manual steps are listed")
  func followUps() throws {
    let server = try Servers.fresh()
    let operation = try operation(
      server, secrets: ["rabbitmq_password": "r", "camo_key": "c"], settings: "EXTERNAL_HOST = 'x'\n",
      ["rabbitmq_password": .copy, "camo_key": .copy, "EXTERNAL_HOST": .copy], follows: true)
    let summary = try operation.perform(.silent)
    defer { _ = try? server.run("scripts/stop-server") }
    let log = try text(server.scriptLog)
    let order = ["[configure-rabbitmq]", "puppet-apply]", "[restart-server]"].map { log.range(of: $0)?.lowerBound }
    #expect(order.allSatisfy { $0 != nil }, "\(log)")
    #expect(order.compactMap { $0 } == order.compactMap { $0 }.sorted())
    #expect(summary.nextSteps.count == 1)
    #expect(summary.nextStepLines.first?.contains("host name") == true)
  }

  @Test("A failing script keeps the settings and lists the remaining scripts")
  func brokenScript() throws {
    let server = try Servers.fresh()
    try server.breakScript("configure-rabbitmq", saying: "no rabbit here")
    let summary = try operation(
      server, secrets: ["rabbitmq_password": "r"], ["rabbitmq_password": .copy], follows: true
    ).perform(.silent)
    defer { _ = try? server.run("scripts/stop-server") }
    #expect(summary.warnings.contains { $0.contains("no rabbit here") })
    #expect(summary.nextStepLines.contains { $0.contains("configure-rabbitmq") })
    #expect(try server.installation.secrets["rabbitmq_password"] == Secret("r"))
  }

  @Test("A full disk leaves the settings unchanged and no copies", .enabled(if: geteuid() == 0))
  func fullDisk() throws {
    let server = try Servers.fresh()
    let disk = server.configuration
    let files = try contents(server)
    // The configuration folder becomes a file system without free space.
    guard mount("tmpfs", disk, "tmpfs", 0, "size=16k") == 0 else { return }
    defer { umount2(disk, 2) }
    for (name, text) in files { try FileSystem.replace("\(disk)/\(name)", with: Array(text.utf8), mode: 0o640) }
    let before = try contents(server)
    let large = "EXTERNAL_HOST = 'x'\nBIG = '\(String(repeating: "x", count: 30_000))'\n"
    let failure = #expect(throws: PlainFailure.self) {
      _ = try operation(
        server, secrets: ["camo_key": "c"], settings: large,
        ["BIG": .copy, "EXTERNAL_HOST": .copy, "camo_key": .copy]
      ).perform(.silent)
    }
    #expect(failure?.family == .file)
    #expect(failure?.reason.contains("No space left") == true, "\(failure?.reason ?? "")")
    #expect(try contents(server) == before)
  }

  @Test("A settings file that is a link stays a link, and its target changes")
  func link() throws {
    let server = try Servers.fresh()
    let path = "\(server.configuration)/settings.py"
    let real = "\(server.root)/settings-elsewhere.py"
    #expect(rename(path, real) == 0)
    #expect(symlink(real, path) == 0)
    _ = try operation(server, settings: "EXTERNAL_HOST = 'x'\n", ["EXTERNAL_HOST": .copy]).perform(.silent)
    var status = stat()
    #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    #expect(try text(real).contains("EXTERNAL_HOST = 'x'"))
    _ = try UndoSettingsOperation(server.reference).perform(.silent)
    #expect(try text(real).contains("EXTERNAL_HOST = \"\(server.host)\""))
  }

  @Test("Copying settings is refused if the files cannot be replaced", .enabled(if: geteuid() == 0))
  func permissions() throws {
    let server = try Servers.fresh()
    let operation = try operation(server, secrets: ["camo_key": "c"], ["camo_key": .copy])
    let before = try contents(server)
    // Root can write everywhere except on a read-only mount.
    guard mount(server.configuration, server.configuration, nil, UInt(MS_BIND), nil) == 0 else { return }
    defer { umount2(server.configuration, 2) }
    let readOnly = UInt(MS_BIND) | UInt(MS_REMOUNT) | UInt(MS_RDONLY)
    guard mount(nil, server.configuration, nil, readOnly, nil) == 0 else { return }
    let failure = #expect(throws: Blocked.self) { _ = try operation.perform(.silent) }
    #expect(failure?.reason.contains("cannot be replaced") == true)
    #expect(try contents(server) == before)
  }

  @Test("A whole settings.py is copied if this server replaces the old one")
  func whole() throws {
    let server = try Servers.fresh()
    let old =
      "# All of it.\nEXTERNAL_HOST = 'old.example.com'\nLOCAL_UPLOADS_DIR = '\(server.uploads)'\nANY = compute()\n"
    let operation = CopySettingsOperation(
      from: try SettingsAdvisorTests.sourceFolder(settings: old), to: server.reference,
      CopySettingsOperation.Choices(facts: MigrationFacts(kind: .restore, replacesSource: true)))
    _ = try operation.perform(.silent)
    #expect(try text("\(server.configuration)/settings.py") == old)
  }
}
