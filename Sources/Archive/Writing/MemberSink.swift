import Common

/// Receives the bytes of one member.
public struct MemberSink: ~Copyable {
  private let name: String
  private let size: Int64
  private let tar: TarEncoder
  private var written: Int64 = 0
  private var digest = Digest()

  init(name: String, size: Int64, tar: TarEncoder) {
    self.name = name
    self.size = size
    self.tar = tar
  }

  /// The number of missing bytes.
  public var remaining: Int64 { size - written }

  /// - Throws: if the member becomes larger than declared.
  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    guard Int64(bytes.count) <= remaining else { throw WrongSize(name: name, said: size, came: nil) }
    digest.update(bytes)
    try tar.write(bytes)
    written += Int64(bytes.count)
  }

  public mutating func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try write($0) }
  }

  consuming func finish() throws -> Member {
    guard written == size else { throw WrongSize(name: name, said: size, came: written) }
    return Member(name: name, size: size, sha256: try Checksum(digest))
  }
}

/// A member has another size than declared.
public struct WrongSize: Failure {
  let name: String
  let said: Int64
  /// Nil if it was larger, and the rest was not read.
  let came: Int64?

  public var family: FailureFamily { .file }
  public var subject: String { SafeText.clean(name, limit: .line) }
  public var reason: String {
    let found = came.map { "\($0)" } ?? "more"
    return "changed while it was being read: it had \(said) bytes, then \(found)"
  }
  public var remedy: String? { "run it again" }
}

/// A file could not be read; the archive does not contain it and stays usable.
public struct UnreadableFile: Failure {
  let name: String
  public let reason: String

  public init(name: String, reason: String) {
    self.name = name
    self.reason = reason
  }

  public var family: FailureFamily { .file }
  public var subject: String { SafeText.clean(name, limit: .line) }
  public var remedy: String? { "look at the file, or go on without it" }
}
