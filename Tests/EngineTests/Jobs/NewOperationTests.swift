import Administration
import Common
import Engine
import Glibc
import Operations
import ProbeOperations
import Testing

/// The article "Adding an operation" says that a job needs only a type and its line in the catalogue.
@Suite("A new operation", .serialized)
struct NewOperationTests {
  private static let catalog = OperationCatalog.standard.adding([CountingOperation.self])

  private struct Scene {
    let root: String
    let store: JobStore

    init() throws {
      root = "/tmp/aloha-count-\(RandomText.alphanumeric(8))"
      try FileSystem.makeFolder("\(root)/var/lib")
      store = JobStore(root: root, catalog: NewOperationTests.catalog)
    }

    var server: ServerReference { ServerReference(root: root) }
    var file: String { "\(root)/count" }

    func start(_ operation: any Operation) throws -> JobFolder {
      let job = try store.make(operation, plan: try operation.plan())
      try JobProcess.start(job, executable: Executable.path(named: "job-probe"))
      return job
    }

    func end(_ job: JobFolder) throws -> JobFolder.State {
      try JobFollower(job).follow { _ in }
      return job.state()
    }
  }

  @Test("A new operation runs as a job, is listed with its title, and its warnings are in the summary")
  func runs() throws {
    let scene = try Scene()
    defer { try? FileSystem.removeTree(scene.root) }
    let job = try scene.start(CountingOperation(scene.server, file: scene.file, steps: 3))
    guard case .finished(let summary) = try scene.end(job) else {
      Issue.record("\(job.state())")
      return
    }
    #expect(summary.title == "Counted to 3" && summary.warnings == ["counting: is of no use"])
    #expect(try FileSystem.read(scene.file) == Array("3".utf8))
    let outlook = try #require(try scene.store.outlooks().first)
    #expect(outlook.title == "Count to 3" && outlook.state == .finished)
    #expect(outlook.obstacles[.undo] == nil && outlook.undo?.confirmation == .file(name: "count"))
    #expect(try job.readHeader().plan?.phases.map(\.weight) == [nil, 9])
  }

  @Test("A new operation is refused once by its own check")
  func refused() throws {
    let scene = try Scene()
    defer { try? FileSystem.removeTree(scene.root) }
    try FileSystem.replace(scene.file, with: [])
    let job = try scene.start(CountingOperation(scene.server, file: scene.file, steps: 3))
    guard case .failed(let failure) = try scene.end(job) else {
      Issue.record("\(job.state())")
      return
    }
    #expect(failure.exitCode == FailureFamily.blocked.rawValue && failure.reason == "is there already")
  }

  @Test("A new operation that is cancelled rolls its changes back")
  func cancelled() throws {
    let scene = try Scene()
    defer { try? FileSystem.removeTree(scene.root) }
    let job = try scene.start(CountingOperation(scene.server, file: scene.file, steps: 100_000))
    for _ in 0..<500 where ((try? FileSystem.read(scene.file)) ?? []).isEmpty { usleep(10_000) }
    #expect(JobStore.othersAtWork(FlushCacheOperation(scene.server)) != nil)
    try JobProcess.stop(job)
    guard case .failed(let failure) = try scene.end(job) else {
      Issue.record("\(job.state())")
      return
    }
    #expect(failure.exitCode == FailureFamily.cancelled.rawValue)
    #expect(!FileSystem.exists(scene.file))
    #expect(try scene.store.outlooks().map(\.state) == [.stopped])
  }

  @Test("A new operation is undone by a job, and only once")
  func undone() throws {
    let scene = try Scene()
    defer { try? FileSystem.removeTree(scene.root) }
    let job = try scene.start(CountingOperation(scene.server, file: scene.file, steps: 2))
    _ = try scene.end(job)
    let undo = try UndoJobOperation(job)
    #expect(try undo.plan().destroys == [scene.file])
    guard case .finished = try scene.end(scene.start(undo)) else {
      Issue.record("it was not undone")
      return
    }
    #expect(!FileSystem.exists(scene.file))
    let outlook = try #require(try scene.store.outlooks().first { $0.folder == job.path })
    #expect(outlook.state == .undone)
    #expect(outlook.obstacles[.undo]?.hasPrefix("it was undone already, by job ") == true)
  }
}
