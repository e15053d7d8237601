import Administration
import Common
import FoundationEssentials
import Glibc
import Operations
import Testing
import Transfer

@testable import Engine

@Suite("The commands about jobs")
struct JobListTests {
  private func withRecords(_ body: (JobRecords) throws -> Void) throws {
    let records = try JobRecords()
    defer { records.remove() }
    try body(records)
  }

  private func rows(_ output: String) -> [Substring] {
    output.split(separator: "\n").filter { !$0.hasPrefix("Leftover:") && !$0.hasPrefix("  What to do:") }
  }

  @Test("The list shows id, state, begin, end, duration, operator and title, the newest first")
  func columns() throws {
    try withRecords { records in
      let old = try records.leave(
        FlushCacheOperation(records.server), minute: 0, .finished(Summary(title: "done")),
        title: "Export Harbour Café from chat.example.com")
      let new = try records.failed(minute: 5)
      let lines = rows(try records.jobs("list").output)
      #expect(lines.count == 3)
      for word in ["ID", "STATE", "BEGUN (UTC)", "ENDED", "TOOK", "OPERATOR", "WHAT"] {
        #expect(lines.first?.contains(word) == true, "\(word)")
      }
      #expect(lines[1].hasPrefix(new.id) && lines[1].contains("failed") && lines[1].contains("disk: is full"))
      #expect(lines[2].hasPrefix(old.id) && lines[2].contains("finished"))
      #expect(lines[2].contains("2026-11-23 12:00") && lines[2].contains("12:01") && lines[2].contains("1 min 35 s"))
      #expect(lines[2].contains("ann") && lines[2].hasSuffix("Export Harbour Café from chat.example.com"))
    }
  }

  @Test("20 jobs are shown, with the number of the others and the command that lists them")
  func limits() throws {
    try withRecords { records in
      for minute in 0..<23 { _ = try records.finished(minute: minute) }
      let usual = rows(try records.jobs("list").output)
      let rest = "… and 3 earlier ones: aloha-wizard jobs list --all --root \(records.printedRoot)"
      #expect(usual.count == 22 && usual.last.map(String.init) == rest)
      #expect(rows(try records.jobs("list", "--all").output).count == 24)
      let few = rows(try records.jobs("list", "--limit", "22").output)
      #expect(few.count == 24 && few.last?.hasPrefix("… and 1 earlier one: ") == true)
      for number in ["0", "-3"] {
        #expect(try records.jobs("list", "--limit", number).status == 64)
        #expect(try records.jobs("list", "--limit=\(number)").output.contains("--limit needs a number from 1 on"))
      }
      #expect(try records.jobs("list", "--limit", "3", "--all").status == 64)
    }
  }

  @Test("The list is restricted to a state, and an empty one is said in words")
  func states() throws {
    try withRecords { records in
      let empty = rows(try records.jobs("list").output)
      #expect(empty.count == 2 && empty.contains("There has been no job on this server."))
      // The root of these records has no server.
      #expect(
        empty.contains { $0.hasPrefix("\(records.root): no server is installed here: ") && $0.contains("--root") },
        "\(empty)")
      _ = try records.finished(minute: 0)
      let failed = try records.failed(minute: 1)
      let lines = rows(try records.jobs("list", "--state", "failed").output)
      #expect(lines.count == 2 && lines[1].hasPrefix(failed.id))
      #expect(
        rows(try records.jobs("list", "--state", "undone").output) == [
          "No job of this server is in the state undone."
        ])
      #expect(try records.jobs("list", "--state", "nonsense").status == 64)
    }
  }

  @Test("An empty list of a server says nothing about its root")
  func emptyServer() throws {
    let server = try Servers.fresh()
    let list = try Subprocess(Executable.path(), ["jobs", "list", "--root", server.root], directory: "/").run()
    #expect(rows(list.output) == ["There has been no job on this server."])
  }

  @Test("With --json each job is an object with the same data")
  func json() throws {
    try withRecords { records in
      let job = try records.finished(minute: 0)
      struct Line: Decodable {
        let id, state, `operator`, title, kind, outcome, begun, ended, folder: String
        let seconds: Double
      }
      let output = try records.jobs("list", "--json").output
      let line = try JSONDecoder().decode(
        Line.self, from: Data(try #require(rows(output).first { $0.hasPrefix("{") }).utf8))
      #expect(line.id == job.id && line.state == "finished" && line.operator == "ann" && line.kind == "flushCache")
      #expect(line.outcome == "The cache is empty" && line.folder == job.path && line.seconds == 95)
      #expect(line.begun.hasPrefix("2026-11-23T12:00:00") && line.ended.hasPrefix("2026-11-23T12:01:35"))
    }
  }

  @Test("Attaching without an id needs a running job, and names the list otherwise")
  func attachesRunning() throws {
    try withRecords { records in
      _ = try records.finished(minute: 0)
      for word in ["attach", "stop"] {
        let result = try records.jobs(word)
        #expect(result.status == 32, "\(word): \(result.output)")
        #expect(result.output.contains("no job is running on this server"))
        #expect(result.output.contains("aloha-wizard jobs list --root \(records.printedRoot)"))
      }
      let job = try records.leave(FlushCacheOperation(records.server), minute: 1)
      let life = try #require(try FileLock(job.lock))
      #expect(try records.store.runningJob().id == job.id)
      withExtendedLifetime(life) {}
    }
  }

  @Test("Attaching to a job that has ended shows its result, that it has ended, and what can be done with it")
  func attachesEnded() throws {
    try withRecords { records in
      let job = try records.finished(minute: 0)
      let result = try records.jobs("attach", String(job.id.dropLast(3)))
      #expect(result.status == 0)
      #expect(result.output.contains("The cache is empty") && result.output.contains("has ended 2026-11-23 12:01 UTC"))
      #expect(result.output.contains("Undo it: not possible, "))
      #expect(!result.output.contains("Run it again") && !result.output.contains("Dismiss it"))
      let failed = try records.failed(minute: 1)
      let other = try records.jobs("attach", failed.id)
      #expect(other.status == FailureFamily.file.rawValue && other.output.contains("is full"))
      #expect(
        other.output.contains("Run it again: aloha-wizard jobs resume \(failed.id) --root \(records.printedRoot)"))
      #expect(
        other.output.contains("Dismiss it: aloha-wizard jobs dismiss \(failed.id) --root \(records.printedRoot)"))
    }
  }

  @Test("An unknown id is reported with similar ones, and an ambiguous beginning with all that match")
  func unknownIDs() throws {
    try withRecords { records in
      let first = try records.finished(minute: 0)
      let second = try records.finished(minute: 1)
      for word in ["attach", "stop", "resume", "undo", "dismiss"] {
        let unknown = try records.jobs(word, first.id.replacing("test", with: "tost"))
        #expect(unknown.status == 32, "\(word): \(unknown.output)")
        #expect(unknown.output.contains(first.id))
        #expect(unknown.output.contains("aloha-wizard jobs list --root \(records.printedRoot)"))
        let ambiguous = try records.jobs(word, "2026")
        #expect(ambiguous.status == 64 && ambiguous.output.contains(first.id) && ambiguous.output.contains(second.id))
        #expect(try records.jobs(word, "").status == 32)
      }
    }
  }

  @Test("A job that cannot be run again or undone says why")
  func impossible() throws {
    try withRecords { records in
      let job = try records.finished(minute: 0)
      let resumed = try records.jobs("resume", job.id)
      #expect(resumed.status == 31 && resumed.output.contains("it has done its work"))
      let undone = try records.jobs("undo", job.id)
      #expect(undone.status == 31 && undone.output.contains("cannot be undone: it left nothing to undo"))
      #expect(undone.output.contains("aloha-wizard jobs attach \(job.id) --root \(records.printedRoot)"))
      #expect(try records.store.jobs().count == 1, "what was refused is no job")
    }
  }

  @Test("An undone job is listed as undone, and names the job that has undone it")
  func undone() throws {
    try withRecords { records in
      let archive = "\(records.root)/a.tar.gz"
      try FileSystem.replace(archive, with: [1])
      let export = ExportOperation(records.server, .init(subdomain: "a", output: archive))
      let job = try records.leave(export, minute: 0, .finished(Summary(title: "exported")))
      Progress(recordFolder: job.path) { _ in }.made(archive)
      #expect(try records.store.status(of: job).obstacles[.undo] == nil)
      #expect(try records.jobs("undo", job.id).status == 0)
      #expect(!FileSystem.exists(archive))
      let undo = try #require(try records.store.jobs().first { $0.id != job.id })
      let status = try records.store.status(of: job)
      #expect(status.state == .undone && status.obstacles[.undo]?.contains(undo.id) == true)
      #expect(try records.jobs("attach", job.id).output.contains("it was undone already, by job \(undo.id)"))
      let again = try records.jobs("undo", job.id)
      #expect(again.status == 31 && again.output.contains("by job \(undo.id)"), "\(again.output)")
      #expect(try records.store.jobs().count == 2)
    }
  }

  @Test("An export whose archive does not exist any more cannot be undone")
  func nothingLeft() throws {
    try withRecords { records in
      let export = ExportOperation(records.server, .init(subdomain: "a", output: "\(records.root)/a.tar.gz"))
      let job = try records.leave(export, minute: 0, .finished(Summary(title: "exported")))
      let obstacle = try records.store.status(of: job).obstacles[.undo]
      #expect(obstacle == "\(records.root)/a.tar.gz does not exist any more")
    }
  }

  @Test("Dismissing an interrupted job removes its unfinished archive, and names what it must not remove")
  func dismissal() throws {
    try withRecords { records in
      let folder = "\(records.root)/exports"
      try FileSystem.makeFolder(folder)
      let partial = "\(folder)/a.tar.gz.Ab3dEf7h.partial"
      try FileSystem.replace(partial, with: [1, 2, 3])
      let export = ExportOperation(records.server, .init(subdomain: "a", output: "\(folder)/a.tar.gz"))
      let job = try records.leave(export, minute: 0)
      // The process was killed a moment ago.
      let line = EventLine.encode(.note("so far"), at: Timestamp.iso(microseconds: Timestamp.now())) + "\n"
      try FileSystem.replace(job.journal, with: try FileSystem.read(job.journal) + Array(line.utf8))
      let result = try records.jobs("dismiss", job.id)
      #expect(result.status == 0 && result.output.contains(partial), "\(result.output)")
      #expect(!FileSystem.exists(partial))
      #expect(job.isSetAside)
      #expect(try records.jobs("list").output.contains("interrupted, dismissed"))
      #expect(try records.jobs("list", "--json").output.contains("\"dismissed\":true"))
      let again = try records.jobs("dismiss", job.id)
      #expect(again.status == 31 && again.output.contains("it was dismissed already"))
      #expect(try records.jobs("dismiss", records.finished(minute: 1).id).status == 30)
    }
  }

  @Test("While another job runs, dismissing names the command that removes the leftovers")
  func dismissalWhileBusy() throws {
    try withRecords { records in
      let job = try records.failed(minute: 0)
      let lock = try records.store.claim()
      let result = try records.jobs("dismiss", job.id)
      #expect(result.status == 0 && job.isSetAside)
      #expect(result.output.contains("aloha-wizard server clean --root \(records.printedRoot)"), "\(result.output)")
      withExtendedLifetime(lock) {}
    }
  }

  @Test("Commands that are printed for an interrupted job name its server")
  func lostJob() throws {
    try withRecords { records in
      let job = try records.leave(FlushCacheOperation(records.server), minute: 0)
      let command = "aloha-wizard jobs resume \(job.id) --root \(records.printedRoot)"
      #expect(LostJob(job).remedy?.contains(command) == true)
      #expect(try records.jobs("attach", job.id).output.contains(command))
    }
  }
}

@Suite("The jobs that are kept")
struct JobRetentionTests {
  @Test("A new job removes old ended jobs, and no job that may still be needed")
  func removes() throws {
    let records = try JobRecords()
    defer { records.remove() }
    let archive = "\(records.root)/a.tar.gz"
    try FileSystem.replace(archive, with: [1])
    let undoable = try records.leave(
      ExportOperation(records.server, .init(subdomain: "a", output: archive)), minute: 0,
      .finished(Summary(title: "exported")))
    Progress(recordFolder: undoable.path) { _ in }.made(archive)
    let interrupted = try records.leave(ScriptOperation(records.server, .restart), minute: 1)
    var unknown = try records.finished(minute: 2)
    let header = "\(unknown.path)/job.json"
    let text = String(decoding: try FileSystem.read(header), as: UTF8.self)
    try FileSystem.replace(header, with: text.replacing("flushCache", with: "x").utf8)
    unknown = JobFolder(unknown.path)
    let ended = try (3..<15).map { try records.finished(minute: $0) }
    records.store.removeOldJobs(keeping: 20)
    #expect(try records.store.jobs().count == 15)
    records.store.removeOldJobs(keeping: 10)
    let kept = Set(try records.store.jobs().map(\.path))
    #expect(kept.isSuperset(of: [undoable.path, interrupted.path, unknown.path]))
    #expect(kept.intersection(ended.map(\.path)) == Set(ended.suffix(10).map(\.path)))
  }

  @Test("Making a job removes the jobs beyond the limit")
  func making() throws {
    let records = try JobRecords()
    defer { records.remove() }
    let jobs = try (0..<JobStore.endedJobsKept + 2).map { try records.finished(minute: $0) }
    _ = try JobRequest(FlushCacheOperation(records.server), plan: nil)
    #expect(!FileSystem.exists(jobs[0].path) && !FileSystem.exists(jobs[1].path))
    #expect(jobs.dropFirst(2).allSatisfy { FileSystem.exists($0.path) })
  }
}
