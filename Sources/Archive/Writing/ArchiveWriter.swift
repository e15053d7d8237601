import Common
import Glibc

/// Writes a .tar.gz that gets its name only when it is complete, read back and on the disk.
///
/// Each member is hashed while it passes; the manifest is made from that. Several threads may add members; one is
/// written at a time. Whatever fails, ``abandon()`` and the end of the object remove everything that was written.
public final class ArchiveWriter: Sendable {
  /// Level 1 gives most of what compression can give for a third of the time.
  public static let defaultLevel = 1
  /// More workers than this have never anything to do, and each has its buffers.
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
    /// The error after which what was written is no archive any more.
    var failure: (any Error)?
  }

  /// - Parameters:
  ///   - path: where the archive will be; nothing may exist there.
  ///   - rootFolder: the folder in the archive that all members are in; named as the archive unless given.
  ///   - level: 0 (store) to 9 (smallest).
  ///   - threads: how many compress.
  /// - Throws: `.conflict` where `path` exists, `.file` where it cannot be written.
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

  deinit { abandon() }

  /// What has been added so far.
  public var members: [Member] { state.now { $0.members } }
  // MARK: Adding

  /// Adds a member that is in memory.
  ///
  /// - Parameters:
  ///   - name: its path below the root folder.
  ///   - modified: seconds since 1970.
  @discardableResult
  public func add(_ name: String, _ bytes: UnsafeRawBufferPointer, modified: Int64 = 0) throws -> Member {
    try add(name, size: Int64(bytes.count), modified: modified) { sink in try sink.write(bytes) }
  }

  @discardableResult
  public func add(_ name: String, _ bytes: [UInt8], modified: Int64 = 0) throws -> Member {
    try bytes.withUnsafeBytes { try add(name, $0, modified: modified) }
  }

  /// Adds a member of a size that is known, as `body` writes it.
  ///
  /// A `body` that throws, or writes more or less than `size`, makes the archive unusable. It must not add anything.
  ///
  /// - Parameters:
  ///   - level: how hard to compress it, if not as the others; 0 for what is compressed already.
  ///   - mode: its permission bits, for whoever unpacks it with another program.
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

  /// Adds a file from the disk, from its first byte to its last.
  ///
  /// - Parameter file: open for reading; left open. Its position is neither used nor changed.
  /// - Throws: ``UnreadableFile`` where the file cannot be read and nothing of it was written: the caller may skip it
  ///   and go on. Anything else ends the archive.
  @discardableResult
  public func add(
    _ name: String, file: Int32, modified: Int64? = nil, level: Int? = nil, mode: mode_t = 0o600
  ) throws -> Member {
    let source = try SourceFile(name: name, descriptor: file)
    return try add(name, size: source.size, modified: modified ?? source.modified, level: level, mode: mode) { sink in
      try source.copy(to: &sink)
    }
  }

  /// Adds a member whose size nobody knows yet: what `body` writes is kept aside, beyond a few MiB in an unnamed file
  /// beside the archive, and added when `body` is done. Other threads can add members in the meantime.
  ///
  /// - Throws: what `body` throws; the archive is then as it was before.
  @discardableResult
  public func addSpooled(
    _ name: String, modified: Int64 = 0, _ body: (inout Spool) throws -> Void
  ) throws -> Member {
    var spool = Spool(folder: FileSystem.folder(of: path))
    try body(&spool)
    return try add(name, size: spool.size, modified: modified) { sink in try spool.copy(to: &sink) }
  }

  /// A smaller member with a level of its own would cost more, by the block that has to end for it, than it saves.
  private static let worthItsOwnLevel: Int64 = 128 << 10

  private static func usable(_ state: State) throws -> ArchiveOutput {
    if let failure = state.failure { throw failure }
    guard let output = state.output else {
      throw PlainFailure(.unexpected, "archive", "is finished; nothing can be added")
    }
    return output
  }

  // MARK: The end

  /// What was made.
  public struct Finished: Sendable {
    public let path: String
    /// Bytes of the file.
    public let size: Int64
    /// The manifest included.
    public let members: [Member]
    /// Bytes of all members.
    public let memberBytes: Int64
    /// Processor time that compressing has taken, on all threads together.
    public let compressionSeconds: Double
  }

  /// Adds the manifest, waits for the disk, reads everything back, and gives the archive its name.
  ///
  /// - Parameters:
  ///   - manifest: its `members` are filled in here.
  ///   - readBack: whether to read the file again, from the disk, and compare every digest.
  ///   - progress: of the reading back, in bytes of the file.
  /// - Throws: where anything fails; then nothing is left.
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
        if readBack {
          output.file.forgetCached()
          try ArchiveCheck.compare(
            output.file.descriptor, path: path, with: state.members, cancellation: cancellation, progress: progress)
        }
        try cancellation?.check()
        try output.file.publish()
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

  /// Removes what was written. Does nothing to an archive that is finished.
  public func abandon() {
    state.now { state in
      state.output?.discard()
      state.output = nil
    }
  }
}
