import Common
import Glibc

/// Writes a .tar.gz that gets its name only when it is complete, verified and synced to disk.
///
/// Members are hashed while they are written, for the manifest. Several threads can add members; one is written at a
/// time. After any failure, ``abandon()`` or the release of the object deletes the file.
public final class ArchiveWriter: Sendable {
  /// Level 1 achieves most of the compression in a third of the time.
  public static let defaultLevel = 1
  /// More workers would be idle, and each needs buffers.
  public static let defaultThreads = min(WorkerThread.processors, 8)

  public let path: String
  public let rootFolder: String
  private let level: Int
  private let state: Monitor<State>

  private struct State {
    var output: ArchiveOutput?
    var members: [Member] = []
    var names: Set<ExactName> = []
    var total: Int64 = 0
    /// The error that made the archive unusable.
    var failure: (any Error)?
  }

  /// - Parameters:
  ///   - path: the path of the archive; it must not exist.
  ///   - rootFolder: the root folder in the archive; by default the archive's name.
  ///   - level: 0 (store) to 9 (smallest).
  ///   - threads: the number of compression threads.
  /// - Throws: `.conflict` if `path` exists, `.file` if it cannot be written.
  public init(
    path: String, rootFolder: String? = nil, level: Int = defaultLevel, threads: Int = defaultThreads
  ) throws {
    let root = rootFolder ?? MemberName.root(forArchive: path)
    if root.contains("/") || MemberName.refusal(root) != nil {
      throw PlainFailure(.usage, SafeText.clean(root), "cannot be the name of a folder in an archive")
    }
    self.path = path
    self.rootFolder = root
    self.level = level
    state = Monitor(State(output: try ArchiveOutput(path: path, level: level, threads: threads)))
  }

  /// Creates a writer into a sink. The archive is not read back: who receives it has to.
  ///
  /// - Parameters:
  ///   - rootFolder: the root folder in the archive.
  ///   - workFolder: where members of unknown size are buffered, in files without a name.
  public init(
    sink: any ArchiveSink, rootFolder: String, workFolder: String, level: Int = defaultLevel,
    threads: Int = defaultThreads
  ) throws {
    path = "\(workFolder)/\(rootFolder)"
    self.rootFolder = rootFolder
    self.level = level
    state = Monitor(State(output: try ArchiveOutput(sink: sink, level: level, threads: threads)))
  }

  deinit { abandon() }

  /// The members so far.
  public var members: [Member] { state.now { $0.members } }
  // MARK: Adding

  /// Adds a member from memory.
  ///
  /// - Parameters:
  ///   - name: the path below the root folder.
  ///   - modified: seconds since 1970.
  @discardableResult
  public func add(_ name: String, _ bytes: UnsafeRawBufferPointer, modified: Int64 = 0) throws -> Member {
    try add(name, size: Int64(bytes.count), modified: modified) { sink in try sink.write(bytes) }
  }

  @discardableResult
  public func add(_ name: String, _ bytes: [UInt8], modified: Int64 = 0) throws -> Member {
    try bytes.withUnsafeBytes { try add(name, $0, modified: modified) }
  }

  /// Adds a member of known size, written by `body`.
  ///
  /// A `body` that throws, or writes another number of bytes, makes the archive unusable. It must not add members.
  ///
  /// - Parameters:
  ///   - level: another compression level; 0 for compressed data.
  ///   - mode: permission bits for other programs that unpack it.
  @discardableResult
  public func add(
    _ name: String, size: Int64, modified: Int64 = 0, level: Int? = nil, mode: mode_t = 0o600,
    _ body: (inout MemberSink) throws -> Void
  ) throws -> Member {
    try state.now { state in
      let output = try Self.usable(state)
      if let refusal = MemberName.refusal(name) {
        throw ArchiveFailure(path, .refused(member: name, refusal))
      }
      guard state.names.insert(ExactName(name)).inserted else {
        throw ArchiveFailure(path, .refused(member: name, .duplicate))
      }
      do {
        let level = size >= Self.worthItsOwnLevel ? level ?? self.level : nil
        if let level { try output.use(level: level) }
        try output.tar.begin("\(rootFolder)/\(name)", size: size, modified: modified, mode: mode)
        var sink = MemberSink(name: name, size: size, tar: output.tar)
        try body(&sink)
        let member = try sink.finish()
        try output.tar.end()
        state.members.append(member)
        state.total += size
        return member
      } catch {
        state.failure = error
        throw error
      }
    }
  }

  /// Adds a file from disk.
  ///
  /// - Parameter file: open for reading, and left open. Its position is neither used nor changed.
  /// - Throws: ``UnreadableFile`` if the file cannot be read and nothing was written: the caller can skip it. Other
  ///   errors end the archive.
  @discardableResult
  public func add(
    _ name: String, file: Int32, modified: Int64? = nil, level: Int? = nil, mode: mode_t = 0o600
  ) throws -> Member {
    let source = try SourceFile(name: name, descriptor: file)
    return try add(name, size: source.size, modified: modified ?? source.modified, level: level, mode: mode) { sink in
      try source.copy(to: &sink)
    }
  }

  /// Adds a member of unknown size: the output of `body` is buffered, from a few MiB on in an unnamed file beside the
  /// archive, and added at its end. Other threads can add members meanwhile.
  ///
  /// - Throws: the errors of `body`; the archive is then unchanged.
  @discardableResult
  public func addSpooled(
    _ name: String, modified: Int64 = 0, _ body: (inout Spool) throws -> Void
  ) throws -> Member {
    var spool = Spool(folder: FileSystem.folder(of: path))
    try body(&spool)
    return try add(name, size: spool.size, modified: modified) { sink in try spool.copy(to: &sink) }
  }

  /// For smaller members, ending the block for another level costs more than it saves.
  private static let worthItsOwnLevel: Int64 = 128 << 10

  private static func usable(_ state: State) throws -> ArchiveOutput {
    if let failure = state.failure { throw failure }
    guard let output = state.output else {
      throw PlainFailure(.unexpected, "archive", "is finished; nothing can be added")
    }
    return output
  }

  // MARK: The end

  /// A finished archive.
  public struct Finished: Sendable {
    public let path: String
    /// The size of the file in bytes.
    public let size: Int64
    /// All members, including the manifest.
    public let members: [Member]
    /// The size of all members in bytes.
    public let memberBytes: Int64
    /// The processor time of the compression, of all threads.
    public let compressionSeconds: Double
  }

  /// Adds the manifest, syncs the file, verifies it, and gives it its name.
  ///
  /// - Parameters:
  ///   - manifest: its `members` are set here.
  ///   - readBack: whether to read the file from disk again and compare all digests.
  ///   - progress: the verified bytes of the file.
  /// - Throws: for any failure; then no file is left.
  @discardableResult
  public func finish(
    manifest: Manifest? = nil, readBack: Bool = true, cancellation: Cancellation? = nil,
    progress: ByteProgress? = nil
  ) throws -> Finished {
    do {
      if var manifest {
        manifest.members = members
        try addSpooled(Manifest.fileName) { spool in try manifest.encode { try spool.write($0) } }
      }
      return try state.now { state in
        let output = try Self.usable(state)
        try output.seal()
        if let file = output.file {
          if readBack {
            file.forgetCached()
            try ArchiveCheck.compare(
              file.descriptor, path: path, with: state.members, cancellation: cancellation, progress: progress)
          }
          try cancellation?.check()
          try file.publish()
        }
        state.output = nil
        return Finished(
          path: path, size: output.packed, members: state.members, memberBytes: state.total,
          compressionSeconds: output.processorSeconds)
      }
    } catch {
      abandon()
      throw error
    }
  }

  /// Deletes an unfinished archive. Has no effect on a finished one.
  public func abandon() {
    state.now { state in
      state.output?.discard()
      state.output = nil
    }
  }
}
