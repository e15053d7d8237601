import Common
import Glibc
import Operations
import Server

/// The jobs of one server, of which only one can run at a time.
public struct JobStore: Sendable {
  /// The ``StateFolder`` below the server's root, or a folder of the user without write access to it.
  public let folder: String
  let root: String
  /// The ``StateFolder``, where ``folder`` is another one, because this user cannot write to it.
  private let shared: String?
  /// Earlier locations of jobs.
  private let others: [String]
  let catalog: OperationCatalog
  /// The file in ``folder`` that a running job locks.
  static let lockName = "lock"

  public init(_ installation: Installation) { self.init(root: installation.root) }

  /// - Parameters:
  ///   - root: "/" in production. The server's settings are not required: a restore may bring them.
  ///   - catalog: the operations that its jobs can contain.
  public init(root: String, catalog: OperationCatalog = .standard) {
    self.root = RootFolder(root).path
    self.catalog = catalog
    let shared = StateFolder.path(root: root)
    others = StateFolder.others(root: root)
    var probe = shared
    while !FileSystem.exists(probe), let slash = probe.lastIndex(of: "/"), slash > probe.startIndex {
      probe = String(probe[..<slash])
    }
    if access(probe, W_OK) == 0 {
      folder = shared
      self.shared = nil
    } else {
      self.shared = shared
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

  var jobsFolder: String { "\(folder)/jobs" }

  /// The folders of this store that do not exist, the outermost first.
  var missingFolders: [String] {
    var missing: [String] = []
    var path = jobsFolder
    while path != "/", !FileSystem.exists(path) {
      missing.append(path)
      path = FileSystem.folder(of: path)
    }
    return missing.reversed()
  }

  /// Returns all jobs, the newest first, without refused requests.
  ///
  /// - Throws: `.file` if their folders cannot be read. A user with jobs of their own gets these also if the server's
  ///   cannot be read, see ``hidden``.
  public func jobs() throws -> [JobFolder] { try folders().filter { !$0.isVoid } }

  /// The reason why jobs of the server are missing in the list of this user; nil if none are.
  public var hidden: PlainFailure? {
    guard let shared else { return nil }
    do {
      _ = try entries(in: shared)
      return nil
    } catch {
      return error as? PlainFailure
    }
  }

  /// Returns the folders of all jobs and requests, the newest first.
  func folders() throws -> [JobFolder] {
    var found = try ([folder] + others).flatMap { try entries(in: $0) }
    if let shared {
      do { found += try entries(in: shared) } catch  where !found.isEmpty {}
    }
    // The names start with the time.
    return found.sorted { ($0.name, $0.path) > ($1.name, $1.path) }.map { JobFolder($0.path, catalog: catalog) }
  }

  /// Returns the folders of the jobs and requests in one folder of state; none if it does not exist.
  private func entries(in state: String) throws -> [(name: String, path: String)] {
    let folder = "\(state)/jobs"
    return try FileSystem.namesIfPresent(in: folder).map { (name: $0, path: "\(folder)/\($0)") }
      .filter { try FileSystem.isPresent("\($0.path)/job.json") }
  }

  /// Returns the running jobs.
  public func running() throws -> [JobFolder] { try jobs().filter { $0.state() == .running } }

  /// Returns the jobs that are running or about to start.
  public func active() throws -> [JobFolder] { try jobs().filter { [.running, .waiting].contains($0.state()) } }

  /// Checks whether a job can start, before it gets a folder: a job refused immediately is not listed as failed.
  ///
  /// - Throws: `.conflict` with the operator and the job that runs on one of its servers.
  public static func refuseWhereBusy(_ operation: any Operation) throws {
    var seen: Set<FileIdentity> = []
    for server in operation.servers {
      let store = JobStore(root: server.root)
      // Without the file no job is running. It is not created: the root can be mistyped.
      guard FileSystem.exists("\(store.folder)/\(lockName)"), let folder = FileIdentity(store.folder),
        seen.insert(folder).inserted
      else { continue }
      _ = try store.claim()
    }
  }

  /// Locks all servers of an operation, each once: servers that share the folder of their jobs share its lock.
  ///
  /// - Throws: `.conflict` with the operator and the running job.
  static func claim(
    _ operation: any Operation, for job: JobFolder? = nil, catalog: OperationCatalog = .standard
  ) throws -> [FileLock] {
    var seen: Set<FileIdentity> = []
    return try operation.servers.compactMap { server in
      let store = JobStore(root: server.root, catalog: catalog)
      try FileSystem.makeFolder(store.folder)
      // Two claims of one process would be in each other's way.
      if let folder = FileIdentity(store.folder), !seen.insert(folder).inserted { return nil }
      return try store.claim(for: job)
    }
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
    if let lock = try FileLock("\(folder)/\(Self.lockName)") { return lock }
    let other = (try? running())?.first { $0.id != job?.id }
    let header = try? other?.readHeader()
    throw PlainFailure(
      .conflict, "this server",
      header.map { "another job is running: \($0.whoRunsWhat())" } ?? "another job is running",
      remedy: "wait until it has ended, or watch it: "
        + (other?.command("attach") ?? Program.command(["jobs", "attach"], root: root)))
  }
}
