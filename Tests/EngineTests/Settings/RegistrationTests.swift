import Common
import Sandbox
import Synchronization
import Testing

@testable import Administration
@testable import Operations

/// Registration contacts an external service: it requires the operator's consent.
@Suite("Registering with the push notification service")
struct RegistrationTests {
  private func operation(
    _ server: SandboxServer, follows: Bool = true, agrees: Bool
  ) throws -> CopySettingsOperation {
    CopySettingsOperation(
      from: try SettingsAdvisorTests.sourceFolder(settings: "EXTERNAL_HOST = 'x'\n"), to: server.reference,
      CopySettingsOperation.Choices(
        facts: MigrationFacts(kind: .import, replacesSource: true, pushRegistered: true),
        decisions: ["EXTERNAL_HOST": .copy], followsAdvice: false, runsFollowUps: follows, registersForPush: agrees))
  }

  private func registrations(_ server: SandboxServer) throws -> Int {
    guard FileSystem.exists(server.scriptLog) else { return 0 }
    return try text(server.scriptLog).split(separator: "\n").count { $0.hasSuffix("[manage.py] [register_server]") }
  }

  @Test("Registration is never automatic, and its command is listed")
  func neverByDefault() throws {
    let server = try Servers.fresh()
    defer { _ = try? server.run("scripts/stop-server") }
    let operation = try operation(server, agrees: false)
    #expect(try operation.followUps().contains(.reregister))
    #expect(try !operation.plan().phases.contains { $0.id == "reregister" })
    let summary = try operation.perform(.silent)
    #expect(summary.nextStepLines.contains { $0.hasSuffix("manage.py register_server") })
    #expect(try registrations(server) == 0)
    #expect(try text(server.scriptLog).contains("[restart-server]"))
  }

  @Test("Registration runs after the restart with the operator's consent, and shows the output")
  func agreed() throws {
    let server = try Servers.fresh()
    defer { _ = try? server.run("scripts/stop-server") }
    let operation = try operation(server, agrees: true)
    #expect(try operation.plan().phases.map(\.id).suffix(2) == ["restart", "reregister"])
    let notes = Mutex<[String]>([])
    let summary = try operation.perform(
      Progress { event in
        if case .note(let text) = event { notes.withLock { $0.append(text) } }
      })
    #expect(try registrations(server) == 1)
    #expect(notes.withLock { $0 }.contains { $0.contains("registration successfully updated") })
    #expect(!summary.nextStepLines.contains { $0.contains("register_server") })
    let log = try text(server.scriptLog)
    let restarted = try #require(log.range(of: "[restart-server]")?.lowerBound)
    #expect(try #require(log.range(of: "[register_server]")?.lowerBound) > restarted)
  }

  @Test("Registration is listed if the operator agrees but runs no scripts")
  func withoutFollowUps() throws {
    let server = try Servers.fresh()
    let summary = try operation(server, follows: false, agrees: true).perform(.silent)
    #expect(try registrations(server) == 0)
    #expect(summary.nextStepLines.contains { $0.hasSuffix("manage.py register_server") })
  }

  @Test("A failed registration keeps the settings and lists its command")
  func failing() throws {
    let server = try Servers.fresh()
    defer { _ = try? server.run("scripts/stop-server") }
    try server.breakScript(
      "manage.py-register_server", saying: "Network error connecting to push notifications service")
    let summary = try operation(server, agrees: true).perform(.silent)
    #expect(summary.warnings.contains { $0.contains("Network error") })
    #expect(summary.nextStepLines.contains { $0.hasSuffix("manage.py register_server") })
    #expect(try server.installation.host == "x")
  }

  @Test("Each output line of the server is shown immediately")
  func live() throws {
    let server = try Servers.fresh()
    let seen = "\(server.root)/seen"
    let program = """
      #!/usr/bin/env python3
      import os, sys, time
      print("first")
      for _ in range(2000):
          if os.path.exists("\(seen)"):
              print("seen, and answered " + input())
              sys.exit(0)
          time.sleep(0.01)
      sys.exit(3)

      """
    try FileSystem.replace(
      "\(server.installation.deploymentFolder)/manage.py", with: program.utf8, mode: 0o755)
    let notes = Mutex<[String]>([])
    let summary = try ScriptOperation(server.reference, .registerForPush).perform(
      Progress { event in
        guard case .note(let text) = event else { return }
        notes.withLock { $0.append(text) }
        if text == "first" { try? FileSystem.replace(seen, with: []) }
      })
    #expect(notes.withLock { $0 } == ["first", "seen, and answered y"])
    #expect(summary.title == "Register with the push notification service: done")
  }
}
