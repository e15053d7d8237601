import Archive
import Common
import Glibc
import Sandbox
import Synchronization
import Testing

@testable import Engine
@testable import Operations
@testable import WholeServer

@Suite("The state of a restore")
struct RestoreStateTests {
  @Test("While a restore is running, no other action says that it was interrupted")
  func running() throws {
    try Disaster.folder { folder in
      let server = try Disaster.server("still-running", messages: 5)
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      let reference = ServerReference(root: server.root)
      let said = Mutex<[String]>([])
      // During the restore, as an operator in another terminal would.
      let progress = Progress { event in
        guard event.isMoment("database") else { return }
        let actions: [any Operation] = [
          ResumeRestoreOperation(reference), RollBackOperation(reference), DiscardRestoreOperation(reference),
          ClearRestoreOperation(reference),
        ]
        for action in actions {
          for attempt in [{ _ = try action.plan() }, { _ = try action.check() }] {
            do { try attempt() } catch { said.withLock { $0.append("\(error)") } }
          }
        }
      }
      _ = try RestoreOperation(reference, RestoreOptions(archive: "\(folder)/backup.tar.gz")).perform(progress)
      let texts = said.withLock { $0 }
      #expect(texts.count >= 8)
      #expect(texts.allSatisfy { $0.contains("is running") && !$0.contains("interrupted") }, "\(texts)")
      _ = try DiscardRestoreOperation(reference).perform(.silent)
    }
  }

  @Test("What the server did not have before the restore is neither kept nor missing")
  func neverThere() throws {
    try Disaster.folder { folder in
      let server = try Disaster.server("never-there", messages: 10)
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      try Disaster.destroy(server)
      try? FileSystem.removeTree(server.uploads)
      try Disaster.restore(server, from: "\(folder)/backup.tar.gz")
      let state = RestoreState(root: server.root)
      let record = state.inspected(try #require(try state.current()))
      #expect(!record.kept.contains { $0.hasPrefix("database ") || $0.contains("uploads") }, "\(record.kept)")
      #expect(record.obstacle(to: .rollBack) == nil)
      let findings = try RollBackOperation(ServerReference(root: server.root)).check()
      #expect(findings.contains { $0.severity == .warning && $0.reason.contains(server.uploads) }, "\(findings)")
    }
  }

  @Test("A roll back is not offered once the kept database was deleted by hand")
  func deletedByHand() throws {
    try Disaster.folder { folder in
      let server = try Disaster.server("deleted-by-hand", messages: 10)
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      try Disaster.restore(server, from: "\(folder)/backup.tar.gz")
      let state = RestoreState(root: server.root)
      let record = try #require(try state.current())
      #expect(state.inspected(record).obstacle(to: .rollBack) == nil)
      let before = try #require(record.database?.before)
      try Disaster.execute(server, on: "postgres", "DROP DATABASE \"\(before)\" WITH (FORCE)")
      let inspected = state.inspected(record)
      #expect(inspected.obstacle(to: .rollBack)?.contains(before) == true)
      #expect(inspected.label.contains("not complete any more"))
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
    }
  }

  @Test("The folder of a test before an exchange is found as a leftover and deleted")
  func probe() throws {
    let server = try Disaster.server("probe-left", messages: 0)
    let probe = "\(server.uploads).restore-20261126-190000-probe"
    try FileSystem.makeFolder(probe)
    try FileSystem.replace("\(probe)/full", with: [])
    let scene = LeftoverScene(
      root: server.root, brand: nil, jobs: JobPlaces(records: "\(server.root)/records", work: []))
    defer { scene.close() }
    let found = try #require(
      try RestoreLeftovers().find(scene).first { $0.leftover.subject.hasSuffix("-probe") })
    let remove = try #require(found.remove)
    try remove()
    #expect(!FileSystem.exists(probe))
  }

  @Test("Where only the script that stops the server is missing, nothing is left to the operator")
  func onlyStopMissing() throws {
    try Disaster.folder { folder in
      let server = try Disaster.server("no-stop-script", messages: 5)
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      let script = "\(server.root)/home/aloha/deployments/current/scripts/stop-server"
      try #require(FileSystem.exists(script))
      unlink(script)
      let summary = try Disaster.restore(server, from: "\(folder)/backup.tar.gz")
      #expect(!summary.nextStepLines.contains { $0.contains("stop-server") }, "\(summary.nextStepLines)")
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
    }
  }
}

@Suite("Refused files of keys and uploads")
struct RefusedFileTests {
  @Test("A file without a private key is refused by its name, not by the backup's")
  func noKey() throws {
    try Disaster.folder { folder in
      let archive = "\(folder)/backup.tar.gz.age"
      try FileSystem.replace(archive, with: "age-encryption.org/v1\n-> X25519 abc\n".utf8)
      try FileSystem.replace("\(folder)/key.txt", with: "not a key\n".utf8)
      let failure = #expect(throws: PlainFailure.self) {
        try Encryption.identity(for: archive, "\(folder)/key.txt")
      }
      #expect(failure?.family == .usage && failure?.reason == "contains no private key of age")
    }
  }

  @Test("An upload whose name is not UTF-8 text is left out with that reason")
  func name() throws {
    try Disaster.folder { folder in
      let file = ("\(folder)/".utf8.map { CChar(bitPattern: $0) } + [CChar(bitPattern: 0xE4), 0x61]) + [0]
      let descriptor = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
      try #require(descriptor >= 0)
      close(descriptor)
      let tree = try FileTree(folder)
      #expect(tree.files.isEmpty)
      #expect(tree.skipped.map(\.reason) == ["its name is not UTF-8 text: rename it"])
    }
  }
}
