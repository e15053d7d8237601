import Administration
import Common
import Engine
import Glibc
import Operations
import Postgres
import Sandbox
import Server
import Synchronization
import Testing

@testable import Wizard

/// Moves between real servers.
@Suite("The move", .serialized)
struct MoveOperationTests {
  private typealias Key = MoveDecisions.Key

  private struct Pair {
    let old: SandboxServer
    let new: SandboxServer
    let archive: String

    var decisions: MoveDecisions {
      MoveDecisions(
        Answers([
          Key.source.name: .text(old.root), Key.target.name: .text(new.root), Key.place.name: .text("here"),
          Key.organization.name: .text("harbour"), Key.subdomain.name: .text("harbour"),
          Key.archive.name: .text(archive),
          Key.deactivate.name: .flag(true), Key.secrets.name: .map(["camo_key": "copy", "avatar_salt": "keep"]),
        ]))
    }

    func operation(_ change: (inout MoveDecisions) -> Void = { _ in }) throws -> MoveOperation {
      var decisions = decisions
      change(&decisions)
      return MoveOperation(decisions)
    }

    func isDeactivated(_ server: SandboxServer) throws -> String? {
      try server.connect().value("SELECT deactivated FROM zerver_realm WHERE string_id = 'harbour'")
    }

    func messages(_ server: SandboxServer) throws -> String? {
      try server.connect().value(
        "SELECT count(*) FROM zerver_message WHERE realm_id = (SELECT id FROM zerver_realm WHERE string_id = 'harbour')"
      )
    }
  }

  private static let sandbox = Result { try Sandbox.temporary() }

  private func pair() throws -> Pair {
    let sandbox = try Self.sandbox.get()
    let name = RandomText.alphanumeric(8).lowercased()
    let old = try sandbox.makeServer("old\(name)")
    try old.add(SampleOrganization(.harbour, messages: 60))
    return Pair(
      old: old, new: try sandbox.makeServer("new\(name)"), archive: "\(sandbox.directory)/\(name).tar.gz")
  }

  /// Collects progress events, and can cancel the work at the start of a phase.
  private final class Listener: Sendable {
    private let heard = Mutex<[ProgressEvent]>([])
    let cancellation = Cancellation()
    let stopsAt: String?

    init(stopsAt: String? = nil) { self.stopsAt = stopsAt }

    var events: [ProgressEvent] { heard.withLock { $0 } }

    var progress: Progress {
      Progress(cancellation: cancellation) { event in
        self.heard.withLock { $0.append(event) }
        if case .phaseStarted(let id, _, _, _) = event, id == self.stopsAt { self.cancellation.cancel() }
      }
    }

    var phases: [String] {
      events.compactMap { event in
        if case .phaseStarted(let id, _, _, _) = event { id } else { nil }
      }
    }
  }

  @Test("A new server with little memory is stopped during the import and started afterwards")
  func stopsTarget() throws {
    let pair = try pair()
    let listener = Listener()
    _ = try pair.operation { $0.stopsTarget = true }.perform(listener.progress)
    let phases = listener.phases.filter { ["import.stop", "import.messages", "import.start"].contains($0) }
    #expect(phases == ["import.stop", "import.messages", "import.start"])
    func log(_ server: SandboxServer) throws -> String {
      String(decoding: try FileSystem.read(server.scriptLog), as: UTF8.self)
    }
    #expect(try log(pair.new).contains("[stop-server]") && log(pair.new).contains("[start-server]"))
    #expect(try !log(pair.old).contains("[stop-server]"))
  }

  @Test("A move copies all messages and secrets, and deactivates the old organization")
  func moves() throws {
    let pair = try pair()
    let listener = Listener()
    let operation = try pair.operation()
    #expect(try !operation.check().contains { $0.severity == .blocker })
    let plan = try operation.plan()
    let summary = try operation.perform(listener.progress)
    #expect(try pair.messages(pair.new) == pair.messages(pair.old))
    #expect(try pair.isDeactivated(pair.new) == "f")
    #expect(try pair.isDeactivated(pair.old) == "t")
    let old = try Installation(root: pair.old.root).secrets
    let new = try Installation(root: pair.new.root).secrets
    #expect(new["camo_key"] == old["camo_key"])
    #expect(new["avatar_salt"] != old["avatar_salt"])
    #expect(summary.warnings == [])
    #expect(summary.nextStepLines.contains("$ rm \(pair.archive)"))
    #expect(summary.facts.contains { $0.name == "New server" && $0.value == "active" })
    let notes = listener.events.compactMap { if case .note(let text) = $0 { text } else { nil } }
    #expect(notes.contains { $0.hasPrefix("Left out: ") && $0.contains("zerver_draft") })
    #expect((summary[.leftOut]?.amounts?["rows"] ?? 0) > 0)
    #expect(listener.phases.allSatisfy { id in plan.phases.contains { $0.id == id } })
    #expect(listener.events.count { if case .finished = $0 { true } else { false } } == 1)
  }

  @Test("The blockers of real checks name their question")
  func concerns() throws {
    let pair = try pair()
    try pair.new.add(SampleOrganization(.harbour, messages: 20))
    try FileSystem.replace(pair.archive, with: "in the way".utf8)
    func concern(_ subject: String, _ change: (inout MoveDecisions) -> Void = { _ in }) throws -> Finding.Concern? {
      let blockers = try pair.operation(change).check().filter { $0.severity == .blocker }
      return try #require(blockers.first { $0.subject == subject }, "\(blockers)").about
    }
    #expect(try concern("subdomain") == .subdomain)
    #expect(try concern("subdomain") { $0.subdomain = "www" } == .subdomain)
    #expect(try concern("archive") == .output)
    #expect(try concern("archive") { $0.archive = "/none-such/harbour.tar.gz" } == .output)
  }

  @Test("A move cancelled during the import leaves both servers unchanged and no archive")
  func stopped() throws {
    for place in ["export.messages", "import.messages"] {
      let pair = try pair()
      let listener = Listener(stopsAt: place)
      #expect(throws: Cancelled.self) { try pair.operation().perform(listener.progress) }
      #expect(try pair.isDeactivated(pair.old) == "f", "\(place)")
      #expect(try pair.messages(pair.new) == "0")
      #expect(!FileSystem.exists(pair.archive))
    }
  }

  @Test("A blocked import activates the old organization again")
  func blocked() throws {
    let pair = try pair()
    try pair.new.add(SampleOrganization(.bookclub, subdomain: "harbour", messages: 5))
    #expect(throws: Blocked.self) { try pair.operation().perform(.silent) }
    #expect(try pair.isDeactivated(pair.old) == "f")
    #expect(!FileSystem.exists(pair.archive))
  }

  @Test("An existing archive is neither overwritten nor deleted")
  func archiveInTheWay() throws {
    let pair = try pair()
    try FileSystem.replace(pair.archive, with: "mine".utf8)
    #expect(throws: Blocked.self) { try pair.operation().perform(.silent) }
    #expect(try FileSystem.read(pair.archive) == Array("mine".utf8))
  }

  @Test("A move with failed secrets succeeds and lists the missing ones")
  func secretsFail() throws {
    let pair = try pair()
    let secrets = "\(pair.new.configuration)/aloha-secrets.conf"
    let summary = try pair.operation().perform(
      Progress { event in
        if case .phaseEnded(id: "import.commit") = event { try? FileSystem.removeTree(secrets) }
      })
    #expect(try pair.messages(pair.new) == pair.messages(pair.old))
    #expect(!summary.warnings.isEmpty)
    #expect(summary.nextStepLines.contains { $0.contains("Copy by hand") && $0.contains("camo_key") })
    #expect(!summary.facts.contains { $0.name == "Secrets copied" })
  }

  @Test("A deactivated organization is active on the new server only")
  func reopened() throws {
    let pair = try pair()
    _ = try DeactivateOperation(ServerReference(root: pair.old.root), subdomain: "harbour").perform(.silent)
    let operation = try pair.operation {
      $0.deactivates = false
      $0.wasDeactivated = true
    }
    _ = try operation.perform(.silent)
    #expect(try pair.isDeactivated(pair.new) == "f")
    #expect(try pair.isDeactivated(pair.old) == "t")
  }

  @Test("A move to another machine results in an archive and the import commands")
  func elsewhere() throws {
    let pair = try pair()
    let summary = try pair.operation { $0.target = nil }.perform(.silent)
    #expect(FileSystem.exists(pair.archive))
    #expect(summary.nextStepLines.contains("$ aloha-wizard import harbour \(pair.archive)"))
    #expect(summary.nextStepLines.contains("$ aloha-wizard import harbour \(pair.archive) --dry-run"))
    #expect(try pair.isDeactivated(pair.old) == "t")
  }

  @Test("The engine answers the queries of the flow")
  func environment() throws {
    let pair = try pair()
    let engine = FlowEngine.real(brand: nil)
    #expect(try engine.overview(pair.old.root, Cancellation()).label == pair.old.host)
    #expect(try engine.organizations(pair.old.root, Cancellation()).contains { $0.subdomain == "harbour" })
    #expect(try engine.overviews(pair.old.root, Cancellation()).contains { $0.uploadBytes > 0 })
    #expect(try MoveQueries.real(brand: nil).advice(pair.decisions).contains { $0.key == "camo_key" })
    let move = MoveOperation(pair.decisions, brand: nil)
    #expect(try engine.findings(move, CheckObserver()).contains { $0.subject == "subdomain" })
    #expect(throws: PlainFailure.self) { try engine.overview("/nowhere", Cancellation()) }
  }
}
