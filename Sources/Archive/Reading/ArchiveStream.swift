import Common
import Glibc

/// Bytes that can be read once and in order, for example from a pipe.
///
/// Used by one thread at a time, not always the same.
public protocol ByteStream: AnyObject {
  /// Returns the number of bytes put into `buffer`, at least one; 0 at the end.
  ///
  /// - Throws: if the source failed, also at the end: 0 means that the stream is complete.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// An archive whose bytes come from another program, for example a decryption.
public struct ArchiveStream {
  public let bytes: any ByteStream
  /// The maximum number of bytes.
  public let size: Int64

  public init(_ bytes: any ByteStream, size: Int64) {
    self.bytes = bytes
    self.size = size
  }
}

/// A stream with a position, whose first bytes can be inspected before they are read.
final class StreamSource: ByteSource {
  let path: String
  private(set) var position: Int64 = 0
  private let stream: any ByteStream
  /// The first bytes, up to the requested number.
  let head: [UInt8]

  init(_ stream: any ByteStream, path: String, head count: Int) throws {
    self.stream = stream
    self.path = path
    var head = [UInt8](repeating: 0, count: count)
    let filled = try head.withUnsafeMutableBytes { try Self.fill($0, from: stream) }
    self.head = Array(head[..<filled])
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    if position < Int64(head.count) {
      let rest = head[Int(position)...].prefix(buffer.count)
      buffer.copyBytes(from: rest)
      filled = rest.count
    }
    filled += try Self.fill(UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), from: stream)
    position += Int64(filled)
    return filled
  }

  private static func fill(_ buffer: UnsafeMutableRawBufferPointer, from stream: any ByteStream) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      if count == 0 { break }
      filled += count
    }
    return filled
  }
}
