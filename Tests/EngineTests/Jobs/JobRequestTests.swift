import Administration
import Common
import Glibc
import Operations
import ProbeOperations
import Sandbox
import Testing
import Transfer

@testable import Engine

/// What is refused is no job, in every way of starting.
@Suite("Refused requests", .serialized)
struct JobRequestTests {
  private func jobsFolder(_ root: String) -> String { "\(root)/var/lib/aloha-wizard/jobs" }

  /// Returns what is in the folder of the jobs of a server.
  private func entries(_ root: String) -> [String] { (try? FileSystem.names(in: jobsFolder(root))) ?? [] }

  private func program(_ words: [String], _ root: String) throws -> Subprocess.Result {
    try Subprocess(Executable.path(), words + ["--root", root], directory: "/").run()
  }

  /// Commands that are refused, with their exit codes.
  private func refusals(_ server: SandboxServer) throws -> [(words: [String], status: Int32)] {
    let archive = try Servers.archive()
    return [
      (["export", "-r", "nosuch", "--output", "/tmp/never.tar.gz"], 32),
      (["import", "second", "/nowhere/archive.tar.gz"], 20),
      (["import", "harbour", archive], 31),
      (["organization", "deactivate", "-r", "nosuch"], 32),
      (["restore", archive], 22),
    ]
  }

  private func expectRefusal(
    _ result: Subprocess.Result, _ words: [String], _ server: SandboxServer,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(result.status != 0, "\(words)", sourceLocation: sourceLocation)
    #expect(result.output.contains("What to do") || result.output.count > 20, sourceLocation: sourceLocation)
    #expect(!result.output.contains("is running. See it with"), "\(words)", sourceLocation: sourceLocation)
    #expect(entries(server.root) == [], "\(words): \(result.output)", sourceLocation: sourceLocation)
  }

  private func serverWithHarbour() throws -> SandboxServer {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.bookclub, subdomain: "harbour", messages: 10))
    return server
  }

  @Test("A refused command leaves no job: in a script, detached, and on a terminal")
  func commands() throws {
    let server = try serverWithHarbour()
    for (words, _) in try refusals(server) {
      let plain = try program(words, server.root)
      expectRefusal(plain, words, server)
      let detached = try program(words + ["--detach"], server.root)
      expectRefusal(detached, words + ["--detach"], server)
      #expect(detached.status == plain.status, "\(words): \(detached.output)")
      // `script` gives the program a terminal.
      let all = [try Executable.path()] + words + ["--root", server.root]
      let line = all.map(ShellWord.quoted).joined(separator: " ")
      let result = try Subprocess("/usr/bin/script", ["-qec", line, "/dev/null"], directory: "/").run()
      expectRefusal(result, words, server)
      #expect(result.status == plain.status, "\(words): \(result.output)")
    }
    #expect(try program(["jobs", "list"], server.root).output.contains("There has been no job on this server."))
    #expect(try JobStore(root: server.root).waiting().isEmpty)
  }

  @Test("Work that the wizard starts and that is refused leaves no job")
  func launches() throws {
    let server = try serverWithHarbour()
    let reference = ServerReference(try server.installation)
    let blocked = ImportOperation(reference, .init(subdomain: "harbour", archive: try Servers.archive()))
    let failure = #expect(throws: JobFailure.self) {
      try JobLaunch(blocked, executable: Executable.path()).perform(.silent)
    }
    #expect(failure?.reason.isEmpty == false)
    #expect(entries(server.root) == [])
  }

  @Test("A resumed job that is refused leaves only the old job")
  func resuming() throws {
    let server = try Servers.fresh()
    let reference = ServerReference(try server.installation)
    let job = try JobStore(root: server.root).make(
      ExportOperation(reference, .init(subdomain: "gone", output: "/tmp/never.tar.gz")), plan: nil)
    let begun = ProgressEvent.phaseStarted(id: "rows", title: "Export", total: nil, unit: .rows)
    try FileSystem.replace(job.journal, with: (EventLine.encode(begun) + "\n").utf8)
    let result = try program(["jobs", "resume", job.id], server.root)
    #expect(result.status == 32 && result.output.contains("gone"), "\(result.output)")
    #expect(entries(server.root) == [job.id])
  }

  @Test("A job that has begun and failed is kept")
  func begunAndFailed() throws {
    let server = try serverWithHarbour()
    let connection = try server.connect()
    let file = try #require(try connection.value("SELECT path_id FROM zerver_attachment ORDER BY id LIMIT 1"))
    connection.close()
    try FileSystem.removeTree("\(try server.installation.uploadsFolder)/files/\(file)")
    let result = try program(
      ["export", "-r", "harbour", "--strict", "--output", "\(server.root)/x.tar.gz"], server.root)
    #expect(result.status != 0 && entries(server.root).count == 1, "\(result.output)")
  }

  @Test("The import of a damaged archive changes nothing, and is no job")
  func damagedArchive() throws {
    let server = try serverWithHarbour()
    let damaged = "\(server.root)/damaged.tar.gz"
    var bytes = try FileSystem.read(try Servers.archive())
    bytes[bytes.count / 2] ^= 0x10
    try FileSystem.replace(damaged, with: bytes)
    let result = try program(["import", "second", damaged], server.root)
    #expect(result.status == 21 && entries(server.root).isEmpty, "\(result.output)")
  }

  @Test("A mistyped root leaves no folders")
  func mistypedRoot() throws {
    let root = "/tmp/aloha-mistyped-\(RandomText.alphanumeric(8))"
    for exists in [false, true] {
      if exists { try FileSystem.makeFolder(root) }
      defer { try? FileSystem.removeTree(root) }
      for words in [["export", "-r", "a"], ["export", "-r", "a", "--detach"], ["cache", "flush"]] {
        let result = try program(words, root)
        #expect(result.status == 10, "\(words): \(result.output)")
        #expect(FileSystem.exists(root) == exists)
        if exists { #expect(try FileSystem.names(in: root) == [], "\(words)") }
      }
    }
  }

  @Test("A detached command returns when the job has begun, with a command that shows its result")
  func detached() throws {
    let server = try serverWithHarbour()
    let output = "\(server.root)/harbour.tar.gz"
    let result = try program(["export", "-r", "harbour", "--output", output, "--detach"], server.root)
    #expect(result.status == 0, "\(result.output)")
    let job = try #require(entries(server.root).first)
    let command = "aloha-wizard jobs attach \(job) --root \(server.root)"
    #expect(result.output.contains("Job \(job) ") && result.output.contains(command), "\(result.output)")
    let words = try #require(command.split(separator: " ", maxSplits: 1).last.map(String.init))
    let line = "\(ShellWord.quoted(try Executable.path())) \(words)"
    let attached = try Subprocess("/bin/sh", ["-c", line], directory: "/").run()
    #expect(attached.status == 0 && attached.output.contains(output), "\(attached.output)")
  }

  // MARK: With an operation of the tests

  private struct Scene {
    static let catalog = OperationCatalog.standard.adding([CountingOperation.self])
    let root: String
    let store: JobStore
    var server: ServerReference { ServerReference(root: root) }
    var file: String { "\(root)/count" }

    init() throws {
      root = "/tmp/aloha-request-\(RandomText.alphanumeric(8))"
      try FileSystem.makeFolder("\(root)/var/lib")
      store = JobStore(root: root, catalog: Self.catalog)
    }

    func request(steps: Int = 3) throws -> JobRequest {
      try JobRequest(CountingOperation(server, file: file, steps: steps), plan: nil, catalog: Self.catalog)
    }

    func remove() { try? FileSystem.removeTree(root) }
  }

  private func run(_ request: JobRequest, cancellation: Cancellation = Cancellation()) -> (any Error)? {
    do {
      try JobProcess.run(request.folder, cancellation: cancellation)
      return nil
    } catch {
      return error
    }
  }

  @Test("The folder of a refused request is kept until the one who asked has read it, and removed by others afterwards")
  func readers() throws {
    let scene = try Scene()
    defer { scene.remove() }
    try FileSystem.replace(scene.file, with: [])
    var request: JobRequest? = try scene.request()
    let folder = try #require(request?.folder)
    #expect(folder.state() == .waiting)
    #expect(run(try #require(request)) is Blocked)
    #expect(try scene.store.jobs().isEmpty && scene.store.waiting().isEmpty, "it is not listed")
    scene.store.sweep()
    #expect(FileSystem.exists(folder.path), "its reader is alive")
    guard case .failed(let failure) = folder.state() else {
      Issue.record("\(folder.state())")
      return
    }
    #expect(failure.reason == "is there already")
    // The reader is killed.
    request = nil
    scene.store.sweep()
    #expect(!FileSystem.exists(folder.path))
  }

  @Test("A request whose process was never started is not listed")
  func abandoned() throws {
    let scene = try Scene()
    defer { scene.remove() }
    var request: JobRequest? = try scene.request()
    let folder = try #require(request?.folder)
    #expect(try scene.store.jobs().map(\.id) == [folder.id])
    request = nil
    #expect(try scene.store.jobs().isEmpty)
    scene.store.sweep()
    #expect(FileSystem.exists(folder.path), "its process can be about to start")
    var times = [timespec(tv_sec: time(nil) - 3600, tv_nsec: 0), timespec(tv_sec: time(nil) - 3600, tv_nsec: 0)]
    #expect(utimensat(AT_FDCWD, folder.request, &times, 0) == 0)
    scene.store.sweep()
    #expect(!FileSystem.exists(folder.path))
  }

  @Test("A job that is stopped before anything has begun is not kept, and one that is stopped later is")
  func stopped() throws {
    let scene = try Scene()
    defer { scene.remove() }
    let cancelled = Cancellation()
    cancelled.cancel()
    let early = try scene.request()
    #expect(run(early, cancellation: cancelled) is Cancelled)
    early.settle()
    #expect(try scene.store.jobs().isEmpty && !FileSystem.exists(early.folder.path))

    let late = try scene.request(steps: 100_000)
    try late.start(executable: Executable.path(named: "job-probe"))
    #expect(eventually { late.folder.hasBegun })
    try JobProcess.stop(late.folder)
    try JobFollower(late.folder).follow { _ in }
    late.settle()
    #expect(try scene.store.statuses().map(\.state) == [.stopped])
  }

  @Test("Stopping a job whose process is just starting stops it")
  func stoppedWhileStarting() throws {
    let scene = try Scene()
    defer { scene.remove() }
    let request = try scene.request(steps: 100_000)
    let cancellation = Cancellation()
    cancellation.cancel()
    try request.start(executable: Executable.path(named: "job-probe"))
    #expect(throws: JobFailure.self) { try request.awaitBegin(cancellation: cancellation) }
    #expect(!FileSystem.exists(scene.file))
  }

  @Test("A job that was announced as running is kept although its checks refuse it later")
  func announced() throws {
    let scene = try Scene()
    defer { scene.remove() }
    let request = try scene.request()
    try request.folder.markAnnounced()
    try FileSystem.replace(scene.file, with: [])
    #expect(run(request) is Blocked)
    request.settle()
    scene.store.sweep()
    #expect(try scene.store.statuses().map(\.state) == [.failed])
    #expect(try scene.store.waiting().isEmpty, "it changed nothing")
  }

  @Test("A request that ends while the start is reported is refused at once")
  func refusedAtOnce() throws {
    let scene = try Scene()
    defer { scene.remove() }
    try FileSystem.replace(scene.file, with: [])
    let request = try scene.request()
    try request.start(executable: Executable.path(named: "job-probe"))
    let failure = #expect(throws: JobFailure.self) { try request.awaitBegin(cancellation: Cancellation()) }
    #expect(failure?.family == .blocked)
    request.settle()
    #expect(try scene.store.folders().isEmpty)
  }

  @Test("While a job runs, another request is refused without a folder")
  func busy() throws {
    let scene = try Scene()
    defer { scene.remove() }
    let first = try scene.request(steps: 100_000)
    try first.start(executable: Executable.path(named: "job-probe"))
    #expect(try first.awaitBegin(cancellation: Cancellation()) == nil)
    let failure = #expect(throws: PlainFailure.self) { try scene.request() }
    #expect(failure?.family == .conflict && failure?.remedy?.contains("jobs attach") == true)
    #expect(try scene.store.folders().map(\.id) == [first.folder.id])
    try JobProcess.stop(first.folder)
    try JobFollower(first.folder).follow { _ in }
  }
}
