import Common
import Glibc
import Operations
import Server

/// The jobs of one server, of which only one can run at a time.
public struct JobStore: Sendable {
  /// The ``StateFolder`` below the server's root, or a folder of the user without write access to it.
  public let folder: String
  private let root: String
  /// Earlier locations of jobs.
  private let others: [String]
  private let catalog: OperationCatalog

  public init(_ installation: Installation) { self.init(root: installation.root) }

  /// - Parameters:
  ///   - root: "/" in production. The server's settings are not required: a restore may bring them.
  ///   - catalog: the operations that its jobs can contain.
  public init(root: String, catalog: OperationCatalog = .standard) {
    self.root = root
    self.catalog = catalog
    let shared = StateFolder.path(root: root)
    others = StateFolder.others(root: root)
    var probe = shared
    while !FileSystem.exists(probe), let slash = probe.lastIndex(of: "/"), slash > probe.startIndex {
      probe = String(probe[..<slash])
    }
    if access(probe, W_OK) == 0 {
      folder = shared
    } else {
      let home = getenv("HOME").map { String(cString: $0) } ?? "/tmp"
      let state = getenv("XDG_STATE_HOME").map { String(cString: $0) } ?? "\(home)/.local/state"
      folder = "\(state)/aloha-wizard"
    }
  }

  /// Creates the store that lists the jobs of an operation.
  public init(of operation: any Operation, catalog: OperationCatalog = .standard) throws {
    guard let server = operation.servers.first else { throw PlainFailure(.usage, "job", "names no server") }
    self.init(root: server.root, catalog: catalog)
  }

  private var jobsFolder: String { "\(folder)/jobs" }

  /// Returns all jobs, the newest first.
  ///
  /// - Throws: `.file` if their folders cannot be read.
  public func jobs() throws -> [JobFolder] {
    let folders = [jobsFolder] + others.map { "\($0)/jobs" }
    let found = try folders.flatMap { folder in
      try FileSystem.namesIfPresent(in: folder).map { (name: $0, path: "\(folder)/\($0)") }
    }
    // The names start with the time.
    return try found.sorted { ($0.name, $0.path) > ($1.name, $1.path) }.map { JobFolder($0.path, catalog: catalog) }
      .filter { try FileSystem.isPresent("\($0.path)/job.json") }
  }

  /// Returns a job.
  ///
  /// - Parameter id: an id or the beginning of one; nil: the newest job.
  public func job(_ id: String?) throws -> JobFolder {
    let all = try jobs()
    guard let id else {
      guard let newest = all.first else {
        throw PlainFailure(.notFound, "job", "there has been none on this server")
      }
      return newest
    }
    let found = all.filter { $0.id.hasPrefix(id) }
    guard found.count == 1, let job = found.first else {
      throw PlainFailure(
        .notFound, "job '\(SafeText.clean(id))'",
        found.isEmpty ? "there is no job with that id" : "\(found.count) ids begin like that",
        remedy: "see their ids with: jobs list")
    }
    return job
  }

  /// Returns the running jobs.
  public func running() throws -> [JobFolder] { try jobs().filter { $0.state() == .running } }

  /// Checks whether a job can start, before it gets a folder: a job refused immediately is not listed as failed.
  ///
  /// - Throws: `.conflict` with the operator and the job that runs on one of its servers.
  public static func refuseWhereBusy(_ operation: any Operation) throws {
    for server in operation.servers { _ = try JobStore(root: server.root).claim() }
  }

  /// Creates the folder of a new job.
  public func make(_ operation: any Operation, plan: Plan?) throws -> JobFolder {
    try FileSystem.makeFolder(jobsFolder)
    return try JobFolder.make(operation, plan: plan, below: jobsFolder, catalog: catalog)
  }

  /// Locks the server for a job, until the lock is released.
  ///
  /// - Throws: `.conflict` with the operator and the running job.
  func claim(for job: JobFolder? = nil) throws -> FileLock {
    try FileSystem.makeFolder(folder)
    if let lock = try FileLock("\(folder)/lock") { return lock }
    let other = try running().first { $0.id != job?.id }
    let header = try? other?.readHeader()
    throw PlainFailure(
      .conflict, "this server",
      header.map { "another job is running: \($0.whoRunsWhat())" } ?? "another job is running",
      remedy: "wait until it has ended, or watch it: "
        + Program.command(["jobs", "attach"] + (other.map { [$0.id] } ?? []), root: root))
  }
}
