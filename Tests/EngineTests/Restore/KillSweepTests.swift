import Common
import Foundation
import Glibc
import Sandbox
import Testing

@testable import Operations
@testable import WholeServer

/// Kills the program at various points of a restore, and checks the state that it leaves.
@Suite("A restore that is killed", .serialized, .enabled(if: Disaster.program != nil, "the program is not built"))
struct KillSweepTests {
  /// A server that was changed after its backup, so that its two states differ.
  private struct Scene {
    let server: SandboxServer
    let archive: String
    let old: Disaster.Fingerprint
    let new: Disaster.Fingerprint

    init(_ server: SandboxServer, in folder: String) throws {
      self.server = server
      archive = "\(folder)/backup.tar.gz"
      _ = try Disaster.backup(server, to: archive)
      new = try Disaster.fingerprint(server)
      try Disaster.execute(server, "UPDATE zerver_message SET content = 'written since' WHERE id % 2 = 0")
      try FileSystem.replace("\(server.uploads)/files/since.txt", with: "since".utf8, mode: 0o644)
      let settings = try FileSystem.read("\(server.configuration)/settings.py")
      try FileSystem.replace(
        "\(server.configuration)/settings.py", with: settings + Array("\n# since\n".utf8), mode: 0o644)
      old = try Disaster.fingerprint(server)
      #expect(old != new)
    }

    /// Returns the state of the server; nil if it is neither of the two.
    func state() throws -> String? {
      let now = try Disaster.fingerprint(server)
      return now == old ? "old" : now == new ? "new" : nil
    }
  }

  /// Starts a command and kills it when `isTime` returns true. Returns the lines of its output, and whether it was
  /// killed.
  private func run(
    _ words: [String], killing isTime: (_ line: String, _ number: Int) -> Bool
  ) throws -> (lines: [String], wasKilled: Bool) {
    var ends: [Int32] = [-1, -1]
    #expect(pipe(&ends) == 0)
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    let pid = try Subprocess(try #require(Disaster.program), words, directory: "/").start(output: ends[1])
    close(ends[1])
    defer { close(ends[0]) }
    var lines: [String] = []
    var rest: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    var wasKilled = false
    reading: while true {
      let count = read(ends[0], &chunk, chunk.count)
      guard count > 0 else { break }
      rest += chunk.prefix(count)
      while let end = rest.firstIndex(of: 10) {
        let line = String(decoding: rest[..<end], as: UTF8.self)
        rest.removeFirst(end + 1)
        lines.append(line)
        if isTime(line, lines.count) {
          kill(pid, SIGKILL)
          wasKilled = true
          break reading
        }
      }
    }
    let status = Subprocess.wait(pid)
    if !wasKilled { #expect(status == 0, "\(lines.suffix(3))") }
    return (lines, wasKilled)
  }

  private func restore(_ scene: Scene) -> [String] {
    ["restore", scene.archive, "--root", scene.server.root, "--yes", "--json"]
  }

  /// Checks the state after a kill: it must match the record, `--clear`, `--resume` and `--roll-back` must lead to a
  /// complete state, and no leftovers may remain.
  private func lookAfter(_ scene: Scene, _ when: String, rollsBack: Bool) throws {
    let state = RestoreState(root: scene.server.root)
    if let record = try state.current() {
      switch record.stage {
      case .preparing, .stopped:
        #expect(try scene.state() == "old", "\(when)")
        _ = try ClearRestoreOperation(ServerReference(root: scene.server.root)).perform(.silent)
        #expect(try scene.state() == "old", "\(when)")
      case .swapping, .swapped:
        if record.stage == .swapped { #expect(try scene.state() == "new", "\(when)") }
        if !rollsBack {
          _ = try ResumeRestoreOperation(ServerReference(root: scene.server.root)).perform(.silent)
          #expect(try scene.state() == "new", "\(when)")
        }
        _ = try RollBackOperation(ServerReference(root: scene.server.root)).perform(.silent)
        try Disaster.expect(scene.server, scene.old, when)
        _ = try DiscardRestoreOperation(ServerReference(root: scene.server.root)).perform(.silent)
      case .finished:
        #expect(try scene.state() == "new", "\(when)")
        _ = try RollBackOperation(ServerReference(root: scene.server.root)).perform(.silent)
        _ = try DiscardRestoreOperation(ServerReference(root: scene.server.root)).perform(.silent)
      case .rollingBack, .rolledBack, .discarding: Issue.record("\(when): \(record.stage)")
      }
    }
    try Disaster.expect(scene.server, scene.old, when)
    #expect(try Disaster.leftOvers(scene.server) == [], "\(when)")
  }

  @Test("A restore that is killed at the start or end of any phase can be resumed or rolled back")
  func phases() throws {
    try Disaster.folder { folder in
      let scene = try Scene(try Disaster.server("swept", messages: 15), in: folder)
      let whole = try run(restore(scene)) { _, _ in false }
      #expect(try scene.state() == "new")
      _ = try RollBackOperation(ServerReference(root: scene.server.root)).perform(.silent)
      _ = try DiscardRestoreOperation(ServerReference(root: scene.server.root)).perform(.silent)
      let marks = whole.lines.filter { $0.contains("\"phase-") }
      #expect(marks.count >= 20)
      for (number, mark) in marks.enumerated() where Disaster.sweepsFully || number % 4 == 3 {
        _ = try run(restore(scene)) { line, _ in line == mark }
        try lookAfter(scene, mark, rollsBack: number % 2 == 0)
      }
      try scene.server.run("scripts/stop-server")
    }
  }

  @Test(
    "A restore that is killed during the exchange can be completed, and can be rolled back",
    .enabled(if: Disaster.isRoot))
  func exchange() throws {
    try Disaster.folder { folder in
      // The contents of a mounted folder are moved one by one. There are enough for a kill in the middle.
      let server = try Disaster.server("midway", messages: 5)
      #expect(rename(server.uploads, "\(folder)/uploads") == 0)
      try Disaster.mounted(server.uploads, megabytes: 64) {
        try Subprocess("/bin/cp", ["-a", "\(folder)/uploads/.", server.uploads]).runChecked()
        for number in 0..<1500 {
          try Data("\(number)".utf8).write(to: URL(fileURLWithPath: "\(server.uploads)/\(number).txt"))
        }
        let scene = try Scene(server, in: folder)
        let points = Disaster.sweepsFully ? [0, 1, 300, 900, 1400, 1502] : [1, 900]
        for (number, moved) in points.enumerated() {
          try killDuringExchange(scene, whenMoved: moved)
          try lookAfter(scene, "after \(moved) of the old files had left", rollsBack: number % 2 == 0)
        }
        try server.run("scripts/stop-server")
      }
    }
  }

  /// Kills a restore during the exchange, when at least `moved` old files are in the folder of the old state.
  private func killDuringExchange(_ scene: Scene, whenMoved moved: Int) throws {
    let state = RestoreState(root: scene.server.root)
    let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(null) }
    let pid = try Subprocess(try #require(Disaster.program), restore(scene), directory: "/").start(output: null)
    var hasEnded = false
    while !hasEnded {
      var status: Int32 = 0
      hasEnded = waitpid(pid, &status, WNOHANG) == pid
      guard let record = try? state.current(), record.stage != .preparing, record.stage != .stopped else { continue }
      let places = record.places.filter(\.exchangesContents)
      let left = places.compactMap { try? FileSystem.names(in: $0.before).count }.reduce(0, +)
      if left >= moved || record.stage != .swapping { break }
    }
    if !hasEnded {
      kill(pid, SIGKILL)
      _ = Subprocess.wait(pid)
    }
  }

  @Test("A roll back or a discard that is killed can be resumed", arguments: ["--roll-back", "--discard"])
  func followUps(word: String) throws {
    try Disaster.folder { folder in
      let scene = try Scene(try Disaster.server("followed\(word)", messages: 15), in: folder)
      let words = ["restore", word, "--root", scene.server.root, "--yes", "--json"]
      var number = 0
      var wasKilled = true
      while wasKilled {
        number += Disaster.sweepsFully ? 1 : 5
        try Disaster.restore(scene.server, from: scene.archive)
        wasKilled = try run(words) { _, count in count == number }.wasKilled
        let state = RestoreState(root: scene.server.root)
        // A script that the killed process had just started inherits the lock for a moment.
        #expect(eventually { (try? state.lock()) != nil })
        if let record = try state.current(), record.isUnfinished {
          _ = try ResumeRestoreOperation(ServerReference(root: scene.server.root)).perform(.silent)
        } else if word == "--roll-back", try state.current()?.stage == .finished {
          _ = try RollBackOperation(ServerReference(root: scene.server.root)).perform(.silent)
        }
        if word == "--roll-back" {
          try Disaster.expect(scene.server, scene.old, "killed at event \(number)")
          #expect(try state.current()?.stage == .rolledBack)
        } else {
          try Disaster.expect(scene.server, scene.new, "killed at event \(number)")
        }
        if try state.current() != nil {
          _ = try DiscardRestoreOperation(ServerReference(root: scene.server.root)).perform(.silent)
        }
        #expect(try Disaster.leftOvers(scene.server) == [], "killed at event \(number)")
      }
      #expect(number > 2)
      try scene.server.run("scripts/stop-server")
    }
  }
}
