import Glibc

/// The members of an archive or of a folder, one after the other, each readable once.
public protocol MemberSource: AnyObject {
  /// Moves to the next file; the rest of the current one is skipped. Nil at the end, when all has been checked that
  /// can be checked without a manifest.
  func next() throws -> MemberHeader?

  /// The next bytes of the current file, valid until the next call of this or ``next()``; nil at its end.
  func chunk() throws -> UnsafeRawBufferPointer?

  /// The one folder that everything is in; nil before the first member, and for an unpacked folder.
  var rootFolder: String? { get }

  /// Names of the folders right below the root folder that were there as such, with something in them or not; as far as
  /// it has been read.
  var folders: Set<String> { get }
}

public struct MemberHeader: Sendable, Equatable {
  /// The path below the root folder.
  public let name: String
  public let size: Int64
  /// Seconds since 1970.
  public let modified: Int64
  /// Permission bits, as the archive or the disk has them.
  public let mode: mode_t

  public init(name: String, size: Int64, modified: Int64, mode: mode_t = 0o600) {
    self.name = name
    self.size = size
    self.modified = modified
    self.mode = mode & 0o777
  }
}

extension MemberSource {
  /// The rest of the current file in one piece.
  ///
  /// - Throws: `.beyondLimit` where it is larger than `limit`.
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

/// Shows the members of an archive to several, one after the other.
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

/// Sees the members of an archive while they are read for something else.
public protocol MemberVisitor: AnyObject {
  /// A member begins. Whether its bytes are wanted.
  func begin(_ header: MemberHeader) throws -> Bool
  /// The next bytes of the member, valid during the call.
  func take(_ bytes: UnsafeRawBufferPointer) throws
  /// The member is complete. Called only where its bytes were wanted.
  func end() throws
}
