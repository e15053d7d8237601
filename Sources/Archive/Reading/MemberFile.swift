import Common
import Glibc

/// Identifies a file and its state.
struct FileIdentity: Equatable, Sendable {
  private let device: UInt
  private let inode: UInt
  private let size: Int
  private let changedSeconds: Int
  private let changedNanoseconds: Int

  init(_ status: stat) {
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
    size = Int(status.st_size)
    changedSeconds = status.st_mtim.tv_sec
    changedNanoseconds = status.st_mtim.tv_nsec
  }
}

/// A member of an opened archive, open for reading by one thread at a time.
public final class MemberFile {
  public let name: String
  /// Opened at the file's beginning; closed with this object.
  public let descriptor: Int32
  public let size: Int64
  let identity: FileIdentity
  private var buffer: UnsafeMutableRawBufferPointer?

  private static let chunkSize = 1 << 20

  private init(name: String, descriptor: Int32, status: stat) {
    self.name = name
    self.descriptor = descriptor
    size = Int64(status.st_size)
    identity = FileIdentity(status)
  }

  deinit {
    close(descriptor)
    buffer?.deallocate()
  }

  static func open(beneath folder: Int32, _ name: String, archive: String) throws -> MemberFile {
    // Opening must not block on a pipe that has replaced the file.
    let descriptor = FileSystem.openBeneath(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)
    guard descriptor >= 0 else {
      switch errno {
      case ENOENT, ENOTDIR: throw ArchiveFailure(archive, .noMember(name))
      case ELOOP, EXDEV: throw ArchiveFailure(archive, .refused(member: name, .symbolicLink))
      default:
        throw PlainFailure.system(
          SafeText.clean("\(archive)/\(name)"), "cannot be read", errno: errno, family: .archive)
      }
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw ArchiveFailure(archive, .refused(member: name, .unknownType))
    }
    return MemberFile(name: name, descriptor: descriptor, status: status)
  }

  /// Returns the next bytes, at most 1 MiB, valid until the next call; nil at the end.
  public func chunk() throws -> UnsafeRawBufferPointer? {
    let buffer = self.buffer ?? .allocate(byteCount: Self.chunkSize, alignment: 64)
    self.buffer = buffer
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw unreadable }
      return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }
  }

  /// Returns the whole file in memory.
  ///
  /// - Throws: `.damagedArchive` if it has more than `limit` bytes.
  public func bytes(limit: Int64 = 256 << 20) throws -> [UInt8] {
    guard size <= limit else {
      throw ArchiveFailure(name, .beyondLimit("it has \(size) bytes, more than the \(limit) that are read at once"))
    }
    return try withMappedBytes { Array($0) }
  }

  /// Maps the whole file without copying it. The pointer is valid within `body`.
  public func withMappedBytes<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) throws -> Value {
    guard size > 0 else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    let count = Int(size)
    guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw unreadable
    }
    defer { munmap(start, count) }
    madvise(start, count, MADV_SEQUENTIAL)
    return try body(UnsafeRawBufferPointer(start: start, count: count))
  }

  private var unreadable: PlainFailure {
    PlainFailure.system(SafeText.clean(name), "cannot be read", errno: errno, family: .archive)
  }
}
