import Common
import Glibc
import Sandbox
import Testing

@testable import WholeServer

@Suite("A rehearsed restore")
struct RehearsalTests {
  @Test("A rehearsal restores everything without changing the server, and reports to monitoring")
  func wellDone() throws {
    let server = try Disaster.server("rehearsed")
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/aloha-backup-x.tar.gz")
      let before = try Disaster.fingerprint(server)
      let report = try RehearseOperation(try RehearseOperation.Options(newestIn: folder)).rehearse(.silent)
      #expect(report.problems == [])
      #expect(report.tables == Int64(before.tables.count))
      #expect(report.files == Int64(before.uploads.count))
      #expect(report.nagiosLine.hasPrefix("RESTORE OK - aloha-backup-x.tar.gz restored in "))
      #expect(report.nagiosLine.split(separator: "|").count == 2)
      try report.writePrometheus("\(folder)/metrics.prom")
      let metrics = String(decoding: try FileSystem.read("\(folder)/metrics.prom"), as: UTF8.self)
      #expect(metrics.contains("\naloha_wizard_rehearsal_success 1\n"))
      #expect(metrics.contains("\naloha_wizard_rehearsal_rows \(report.rows)\n"))
      try Disaster.expect(server, before)
      #expect(try Disaster.leftOvers(server) == [])
    }
  }

  @Test("A rehearsal reads backups of the server's own command")
  func official() throws {
    let server = try Disaster.server("rehearsed-official", messages: 10)
    try Disaster.folder { folder in
      try Disaster.officialBackup(server, to: "\(folder)/official.tar.gz")
      let report = try RehearseOperation(RehearseOperation.Options(archive: "\(folder)/official.tar.gz")).rehearse(
        .silent)
      #expect(report.isSound)
      #expect(!report.hasDigests)
      #expect(report.rows > 100)
    }
  }

  @Test("A failed rehearsal is critical, and does not update the time of the last success")
  func failed() throws {
    try Disaster.folder { folder in
      try FileSystem.replace("\(folder)/aloha-backup-y.tar.gz", with: "no".utf8)
      let operation = RehearseOperation(try RehearseOperation.Options(newestIn: folder))
      do {
        _ = try operation.rehearse(.silent)
        Issue.record("a damaged backup was rehearsed")
      } catch {
        #expect(RehearsalReport.nagiosLine(failure: error, of: "b.tar.gz").hasPrefix("RESTORE CRITICAL - b.tar.gz: "))
      }
      try RehearsalReport.writePrometheus(failureTo: "\(folder)/metrics.prom")
      #expect(
        String(decoding: try FileSystem.read("\(folder)/metrics.prom"), as: UTF8.self)
          .hasSuffix("aloha_wizard_rehearsal_success 0\n"))
    }
  }

  @Test("A rehearsal that is killed leaves neither a PostgreSQL nor a folder", .enabled(if: Disaster.program != nil))
  func killed() throws {
    let server = try Disaster.server("rehearsed-killed", messages: 10)
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      try FileSystem.makeFolder("\(folder)/work", mode: 0o755)
      var ends: [Int32] = [-1, -1]
      #expect(pipe(&ends) == 0)
      let words = ["restore", "--rehearse", "\(folder)/backup.tar.gz", "--work-folder", "\(folder)/work", "--json"]
      let pid = try Subprocess(try #require(Disaster.program), words, directory: "/").start(output: ends[1])
      close(ends[1])
      var said: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 4096)
      while !String(decoding: said, as: UTF8.self).contains("\"id\":\"database\"") {
        let count = read(ends[0], &chunk, chunk.count)
        guard count > 0 else { break }
        said += chunk.prefix(count)
      }
      kill(pid, SIGKILL)
      _ = Subprocess.wait(pid)
      close(ends[0])
      // The supervisor stops the database and deletes its folder; the next rehearsal deletes the rest.
      var options = RehearseOperation.Options(archive: "\(folder)/backup.tar.gz")
      options.workFolder = "\(folder)/work"
      #expect(try RehearseOperation(options).rehearse(.silent).isSound)
      let isGone = (0..<600).contains { _ in
        let left = (try? FileSystem.names(in: "\(folder)/work")) ?? []
        if left.isEmpty { return true }
        usleep(50_000)
        return false
      }
      #expect(isGone)
    }
  }
}
