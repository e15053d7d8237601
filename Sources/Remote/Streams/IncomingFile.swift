import CSystem
import Common
import Glibc

/// A file that a stream fills. It gets its name when everything has arrived and was compared; until then it has none, or
/// another one.
public final class IncomingFile: StreamTarget {
  public let path: String
  /// Where the bytes are until then; nil: in an unnamed file, which ends with this process.
  private let partial: String?
  private var descriptor: Int32 = -1
  private var size: Int64 = 0
  public private(set) var durable: Int64 = 0
  private var digest: Digest? = Digest()
  private var isComplete = false

  /// How many bytes are written before they are made durable.
  private static let step: Int64 = 8 << 20

  /// - Parameters:
  ///   - path: the path of the file; it must not exist.
  ///   - partial: the path until then, for a file that another process can continue; nil: none.
  public init(_ path: String, partial: String? = nil) {
    self.path = path
    self.partial = partial
  }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  /// - Throws: `.conflict` if a file of this name exists; `.file`.
  public func open() throws -> Int64 {
    guard descriptor < 0 else { return size }
    guard !FileSystem.exists(path) else { throw taken }
    if let partial {
      descriptor = Glibc.open(partial, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    } else {
      descriptor = csystem_nameless_file(FileSystem.folder(of: path))
      if descriptor < 0, errno == EOPNOTSUPP {
        throw PlainFailure(
          .file, path, "the file system cannot hold files without a name", remedy: "choose a folder on another disk")
      }
    }
    guard descriptor >= 0 else { throw failure() }
    try readAgain()
    return size
  }

  /// Takes up what an earlier process has left.
  private func readAgain() throws {
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = pread(descriptor, &buffer, buffer.count, off_t(size))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure() }
      if count == 0 { break }
      buffer.withUnsafeBytes { digest?.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      size += Int64(count)
    }
    durable = size
  }

  public func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let count = pwrite(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(size) + done)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw failure() }
        done += count
      }
      digest?.update(buffer)
    }
    size += Int64(bytes.count)
    guard size - durable >= Self.step else { return }
    guard fdatasync(descriptor) == 0 else { throw failure() }
    durable = size
  }

  /// - Throws: `.damagedArchive` if the bytes are not those that were sent.
  public func finish(_ end: StreamEnd) throws {
    // The connection can be lost before the sender knows that it is complete.
    if isComplete, end.size == size { return }
    guard end.size == size, digest.take()?.hexadecimal() == end.sha256 else {
      throw PlainFailure(
        .damagedArchive, SafeText.clean(path, limit: .path),
        "the bytes that arrived are not those that were sent; the file is not kept", remedy: "try it again")
    }
    guard pwrite(descriptor, end.head, end.head.count, 0) == end.head.count, fsync(descriptor) == 0 else {
      throw failure()
    }
    let isNamed = partial.map { FileSystem.renameNew($0, to: path) } ?? FileSystem.name(descriptor, path)
    guard isNamed else { throw errno == EEXIST ? taken : failure() }
    isComplete = true
    try FileSystem.syncFolder(of: path)
  }

  /// Keeps what has arrived: ``open()`` goes on there.
  public func close() {}

  private var taken: PlainFailure {
    PlainFailure(
      .conflict, SafeText.clean(path, limit: .path), "exists already; it is left as it is",
      remedy: "choose another name")
  }

  private func failure() -> PlainFailure {
    PlainFailure.system(SafeText.clean(path, limit: .path), "cannot be written", errno: errno)
  }
}
