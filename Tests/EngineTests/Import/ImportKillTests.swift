import Common
import Glibc
import Sandbox
import Testing

@testable import Operations
@testable import Server
@testable import Transfer

/// Kills the program at a moment that it reports or at any other moment. Then compares the server with its state before
/// and with a server after a complete import.
@Suite("An import that is killed")
struct ImportKillTests {
  @Test(
    "An import killed at any step is completely absent or completely present, and can be repeated",
    arguments: [
      "unpack", "survey", "files", "files advanced", "tables", "messages advanced", "indexes", "links", "commit",
      "commit ended",
    ])
  func steps(_ moment: String) throws {
    let server = try Servers.fresh()
    let before = try server.databaseState()
    let process = ImportProcess(root: server.root, archive: try Servers.archive())
    let outcome = try process.run { $0.isMoment(moment) }
    #expect(outcome.wasKilled || moment == "commit ended", "\(outcome.status) \(String(describing: outcome.failure))")
    guard try !Wholeness.expectAllOrNothing(server, before: before, moment) else { return }
    let again = try process.run()
    #expect(again.isComplete, "\(moment): \(String(describing: again.failure))")
    try Wholeness.expectWhole(server, "again after \(moment)")
    #expect(try server.leftovers() == [], "after \(moment)")
  }

  @Test("Imports killed at fifteen random times leave one server consistent")
  func random() throws {
    var server = try Servers.fresh()
    var before = try server.databaseState()
    let began = ContinuousClock.now
    _ = try ImportProcess(root: try Servers.fresh().root, archive: try Servers.archive()).run()
    let lasts = ContinuousClock.now - began
    for turn in 1...15 {
      let delay = lasts * Double.random(in: 0.01...1)
      let when = "turn \(turn), \(delay) of \(lasts)"
      let outcome = try ImportProcess(root: server.root, archive: Servers.archive()).run(killedAfter: delay)
      #expect(outcome.wasKilled || outcome.isComplete, "\(when): \(String(describing: outcome.failure))")
      if try Wholeness.expectAllOrNothing(server, before: before, when) {
        server = try Servers.fresh()
        before = try server.databaseState()
      }
    }
    let last = try ImportProcess(root: server.root, archive: Servers.archive()).run()
    #expect(last.isComplete, "\(String(describing: last.failure))")
    try Wholeness.expectWhole(server, "at the end")
    #expect(try server.leftovers() == [])
  }

  @Test("The files of a running import are not deleted by another import")
  func running() throws {
    let server = try Servers.fresh()
    let leftAlone = Monitor<[Bool]>([])
    let progress = Progress { event in
      // Later the tables would be locked.
      guard event.isMoment("files ended") else { return }
      do {
        let before = try server.leftovers()
        try ImportLock.settle(server.installation, server.connect(), progress: .silent)
        _ = try StagedUploads.recover(server.installation) { _ in false }
        try leftAlone.now { $0.append(try !before.isEmpty && server.leftovers() == before) }
      } catch { Issue.record(error) }
    }
    _ = try server.importing(Servers.archive()).perform(progress)
    #expect(leftAlone.now { $0 } == [true])
    #expect(try server.leftovers() == [])
    try Wholeness.expectWhole(server, "at the end")
  }

  @Test("A folder left by a killed import does not block the next one")
  func halfMade() throws {
    let server = try Servers.fresh()
    let files = "\(server.uploads)/files"
    // Folders created but not yet marked; folders emptied except for the mark; both also for work folders.
    try FileSystem.makeFolder("\(files)/900")
    try FileSystem.makeFolder("\(files)/901")
    try FileSystem.replace("\(files)/901/.import-in-progress", with: [])
    try FileSystem.makeFolder("\(server.uploads)/.aloha-wizard-import-a")
    try FileSystem.makeFolder("\(server.uploads)/.aloha-wizard-import-b/unpacked")
    try FileSystem.replace("\(server.uploads)/.aloha-wizard-import-b/lock", with: [])
    // A folder that does not belong to an import.
    try FileSystem.makeFolder("\(files)/902")
    try FileSystem.replace("\(files)/902/kept", with: [])
    _ = try server.importing(Servers.archive()).perform(.silent)
    #expect(try server.leftovers() == ["files/902"])
  }
}
