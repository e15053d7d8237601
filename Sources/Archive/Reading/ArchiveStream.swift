import Common
import Glibc

/// Bytes that come once and in order, out of a pipe for instance.
///
/// Used by one thread at a time; not always the one that made it.
public protocol ByteStream: AnyObject {
  /// Returns how many bytes were put into `buffer`, at least one; 0 at the end.
  ///
  /// - Throws: where the source of the bytes failed, at the end as well: 0 means that all of them came.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// An archive whose bytes come out of another program, a decryption for instance, and not from its file.
public struct ArchiveStream {
  public let bytes: any ByteStream
  /// The most bytes that can come: those of the file that they are made of.
  public let size: Int64

  public init(_ bytes: any ByteStream, size: Int64) {
    self.bytes = bytes
    self.size = size
  }
}

/// A stream with a position, whose first bytes can be looked at before they are read.
final class StreamSource: ByteSource {
  let path: String
  private(set) var position: Int64 = 0
  private let stream: any ByteStream
  /// The first bytes, as many as there are up to the number that was asked for.
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
