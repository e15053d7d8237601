import Glibc

/// The members of an archive or a folder in sequence, each readable once.
public protocol MemberSource: AnyObject {
  /// Returns the next file and skips the rest of the current one; nil at the end, after all checks that need no
  /// manifest.
  func next() throws -> MemberHeader?

  /// Returns the next bytes of the current file, valid until the next call of this or ``next()``; nil at its end.
  func chunk() throws -> UnsafeRawBufferPointer?

  /// The common root folder; nil before the first member, and for an unpacked folder.
  var rootFolder: String? { get }

  /// The names of folders directly below the root folder that have their own entries, empty or not, as far as it was
  /// read.
  var folders: Set<String> { get }
}

public struct MemberHeader: Sendable, Equatable {
  /// The path below the root folder.
  public let name: String
  public let size: Int64
  /// Seconds since 1970.
  public let modified: Int64
  /// Permission bits of the archive or the disk.
  public let mode: mode_t

  public init(name: String, size: Int64, modified: Int64, mode: mode_t = 0o600) {
    self.name = name
    self.size = size
    self.modified = modified
    self.mode = mode & 0o777
  }
}

extension MemberSource {
  /// Returns the rest of the current file.
  ///
  /// - Throws: `.beyondLimit` if it has more than `limit` bytes.
  public func contents(limit: Int64, of path: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let piece = try chunk() {
      guard Int64(bytes.count + piece.count) <= limit else {
        throw ArchiveFailure(path, .beyondLimit("a member that is read at once has more than \(limit >> 20) MiB"))
      }
      bytes.append(contentsOf: piece)
    }
    return bytes
  }
}

/// Passes the members of an archive to several visitors.
public final class SeveralVisitors: MemberVisitor {
  private let visitors: [any MemberVisitor]
  private var wanted: [any MemberVisitor] = []

  public init(_ visitors: [any MemberVisitor]) { self.visitors = visitors }

  public func begin(_ header: MemberHeader) throws -> Bool {
    wanted = try visitors.filter { try $0.begin(header) }
    return !wanted.isEmpty
  }

  public func take(_ bytes: UnsafeRawBufferPointer) throws {
    for visitor in wanted { try visitor.take(bytes) }
  }

  public func end() throws {
    for visitor in wanted { try visitor.end() }
  }
}

/// Receives the members of an archive while they are read for another purpose.
public protocol MemberVisitor: AnyObject {
  /// Called at the start of a member; returns whether its bytes are needed.
  func begin(_ header: MemberHeader) throws -> Bool
  /// Receives the next bytes of the member, valid during the call.
  func take(_ bytes: UnsafeRawBufferPointer) throws
  /// Called at the end of a member whose bytes were needed.
  func end() throws
}
