import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Engine
@testable import Operations
@testable import Server
@testable import Transfer

@Suite("What the checks of an import have read, and its run", .serialized)
struct CheckReuseTests {
  private static let note = "The archive has not changed since the checks read it: it is not read again"

  /// Returns a copy of the archive that a test can change.
  private func archive() throws -> String {
    let path = "\(try Servers.folder())/kept-\(RandomText.alphanumeric(8)).tar.gz"
    try FileSystem.replace(path, with: try FileSystem.read(try Servers.archive()))
    return path
  }

  private func importing(_ server: SandboxServer, _ archive: String, as subdomain: String = "harbour") throws
    -> ImportOperation
  {
    ImportOperation(
      ServerReference(try server.installation), ImportOperation.Options(subdomain: subdomain, archive: archive))
  }

  private func isReused(_ operation: ImportOperation, _ preparation: Preparation) throws -> Bool {
    let events = Events()
    _ = try PreparedRun(operation, preparation).perform(Progress { events.add($0) })
    return events.notes.contains(Self.note)
  }

  private final class Events: Sendable {
    private let all = Monitor<[ProgressEvent]>([])
    func add(_ event: ProgressEvent) { all.now { $0.append(event) } }
    var notes: [String] {
      all.now { $0 }.compactMap { if case .note(let text) = $0 { text } else { nil } }
    }
  }

  /// Returns the work folders in `/var/tmp` whose lock a process holds. It opens the locks of other processes too, to
  /// find leftovers, without getting them.
  private func workFolders(of process: pid_t) -> [String] {
    ((try? FileSystem.names(in: "/proc/\(process)/fd")) ?? []).compactMap { name in
      var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
      let length = readlink("/proc/\(process)/fd/\(name)", &target, Int(PATH_MAX))
      guard length > 0 else { return nil }
      let path = String(decoding: target[0..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard path.hasPrefix("/var/tmp/\(ScratchFolder.prefix)"), path.hasSuffix("/.lock") else { return nil }
      let state = (try? FileSystem.read("/proc/\(process)/fdinfo/\(name)")) ?? []
      return String(decoding: state, as: UTF8.self).contains("\nlock:") ? path : nil
    }
  }

  @Test("An archive that has not changed is read once for checks and run")
  func once() throws {
    let server = try Servers.fresh()
    let operation = try importing(server, try archive())
    let preparation = Preparation()
    let first = try operation.check(keeping: preparation, CheckObserver())
    // With another subdomain the same archive is checked again without being read.
    let second = try importing(server, operation.options.archive, as: "pier").check(
      keeping: preparation, CheckObserver())
    #expect(first.map(\.severity) == second.map(\.severity))
    #expect(try isReused(operation, preparation))
    #expect(try server.value("SELECT count(*) FROM zerver_realm WHERE string_id = 'harbour'") == "1")
    // The import has used the kept archive.
    #expect(preparation.take(KeptArchive.self) == nil)
  }

  @Test("An archive that was written to, replaced or touched since its checks is read again")
  func changed() throws {
    let server = try Servers.fresh()
    let changes: [(String, (String) throws -> Void)] = [
      ("replaced", { try FileSystem.replace($0, with: try FileSystem.read($0)) }),
      (
        "written",
        { path in
          let bytes = try FileSystem.read(path)
          let file = open(path, O_WRONLY | O_CLOEXEC)
          defer { close(file) }
          try bytes[..<1].withUnsafeBytes { try FileSystem.writeAll(file, $0, path: path) }
        }
      ),
    ]
    for (index, (name, change)) in changes.enumerated() {
      let operation = try importing(server, try archive(), as: "harbour\(index)")
      let preparation = Preparation()
      _ = try operation.check(keeping: preparation, CheckObserver())
      try change(operation.options.archive)
      #expect(try !isReused(operation, preparation), "\(name)")
    }
  }

  @Test("An archive that was damaged after its checks is refused, although it was whole when they read it")
  func damaged() throws {
    let server = try Servers.fresh()
    let operation = try importing(server, try archive())
    let preparation = Preparation()
    _ = try operation.check(keeping: preparation, CheckObserver())
    var bytes = try FileSystem.read(operation.options.archive)
    bytes[bytes.count / 2] ^= 0x10
    try FileSystem.replace(operation.options.archive, with: bytes)
    #expect(throws: (any Error).self) { try isReused(operation, preparation) }
    #expect(try server.value("SELECT count(*) FROM zerver_realm WHERE string_id = 'harbour'") == "0")
  }

  @Test("After a change of the server's tables the archive is read again")
  func changedTables() throws {
    let server = try Servers.fresh()
    let operation = try importing(server, try archive())
    let preparation = Preparation()
    _ = try operation.check(keeping: preparation, CheckObserver())
    try server.connect().execute("ALTER TABLE zerver_alertword ADD COLUMN demo integer")
    #expect(try !isReused(operation, preparation))
  }

  @Test("Temporary files of checks are deleted with what was kept")
  func released() throws {
    let server = try Servers.fresh()
    let preparation = Preparation()
    let operation = try importing(server, try archive())
    _ = try operation.check(keeping: preparation, CheckObserver())
    let catalog = try Catalog.read(server.connect(), schema: server.installation.brand.schema)
    /// Takes the kept archive and keeps it again. Returns its folder.
    func folder() throws -> String {
      let path = operation.options.archive
      let surveyed = try #require(KeptArchive.take(path, catalog: catalog, from: preparation))
      KeptArchive.keep(surveyed, of: path, version: FileVersion(of: path), in: preparation)
      return surveyed.archive.folder
    }
    let unpacked = try folder()
    #expect(FileSystem.exists(unpacked))
    preparation.clear()
    #expect(!FileSystem.exists(unpacked))
  }

  @Test("The process that has checked an import becomes its job, and reads the archive once")
  func becomesJob() throws {
    let server = try Servers.fresh()
    let operation = try importing(server, try archive())
    let executable = try Executable.path()
    let checks = CheckProcess(executable: executable)
    let findings = try #require(try checks.check(operation, CheckObserver()))
    // Their texts name free space and memory, which other tests change.
    let itself = try operation.check()
    #expect(findings.map(\.subject) == itself.map(\.subject))
    #expect(findings.map(\.severity) == itself.map(\.severity))
    let summary = try JobLaunch(operation, executable: executable, checks: checks).perform(.silent)
    #expect(summary.title.isEmpty == false)
    let job = try #require(try JobStore(server.installation).jobs().first)
    #expect(job.events().contains(.note(Self.note)))
    #expect(try server.value("SELECT count(*) FROM zerver_realm WHERE string_id = 'harbour'") == "1")
    checks.end()
  }

  @Test("If the process that has checked an import was killed, the job gets another one and reads the archive")
  func killedProcess() throws {
    let server = try Servers.fresh()
    let operation = try importing(server, try archive())
    let executable = try Executable.path()
    let checks = CheckProcess(executable: executable)
    _ = try checks.check(operation, CheckObserver())
    kill(try #require(checks.pid), SIGKILL)
    _ = try JobLaunch(operation, executable: executable, checks: checks).perform(.silent)
    let job = try #require(try JobStore(server.installation).jobs().first)
    #expect(!job.events().contains(.note(Self.note)))
    #expect(try server.value("SELECT count(*) FROM zerver_realm WHERE string_id = 'harbour'") == "1")
  }

  @Test("The failure of a check in the process is that of the check itself")
  func failure() throws {
    let server = try Servers.fresh()
    let checks = CheckProcess(executable: try Executable.path())
    defer { checks.end() }
    let operation = try importing(server, "/nowhere/archive.tar.gz")
    let failure = #expect(throws: JobFailure.self) { try checks.check(operation, CheckObserver()) }
    var itself: (any Failure)?
    do { _ = try operation.check() } catch { itself = error as? any Failure }
    #expect(itself != nil && failure?.reason == itself?.reason && failure?.family == itself?.family)
  }

  @Test("The process says how far its check is, and ends it on request")
  func observed() throws {
    let server = try Servers.fresh()
    let checks = CheckProcess(executable: try Executable.path())
    defer { checks.end() }
    let operation = try importing(server, try archive())
    let heard = Monitor<[Double]>([])
    _ = try checks.check(operation, CheckObserver { fraction in heard.now { $0.append(fraction) } })
    let fractions = heard.now { $0 }
    #expect(fractions.count > 2 && fractions == fractions.sorted())
    #expect(fractions.allSatisfy { (0...1).contains($0) } && fractions.last == 1)

    let cancellation = Cancellation()
    let process = try #require(checks.pid)
    #expect(throws: Cancelled.self) {
      try checks.check(
        try importing(server, try archive(), as: "pier"),
        CheckObserver(cancellation: cancellation) { _ in cancellation.cancel() })
    }
    #expect(eventually { kill(process, 0) != 0 && workFolders(of: process).isEmpty })
    // The next check has a process of its own.
    #expect(try checks.check(operation, CheckObserver()) != nil)
    #expect(checks.pid != process)
  }

  @Test("At its end the process deletes its temporary files, also while it checks")
  func ends() throws {
    let server = try Servers.fresh()
    for isBusy in [false, true] {
      let checks = CheckProcess(executable: try Executable.path())
      let operation = try importing(server, try archive())
      var process: pid_t = 0
      var folders: [String] = []
      if isBusy {
        let thread = try WorkerThread { _ = try? checks.check(operation, CheckObserver()) }
        #expect(
          eventually {
            process = checks.pid ?? 0
            folders = process > 0 ? workFolders(of: process) : []
            return !folders.isEmpty
          })
        checks.end()
        thread.join()
      } else {
        _ = try checks.check(operation, CheckObserver())
        process = try #require(checks.pid)
        folders = workFolders(of: process)
        checks.end()
      }
      #expect(!folders.isEmpty)
      #expect(eventually { kill(process, 0) != 0 }, "it is still there")
      #expect(folders.allSatisfy { !FileSystem.exists($0) }, "\(folders)")
      #expect(throws: Cancelled.self) { try checks.check(operation, CheckObserver()) }
    }
  }
}
