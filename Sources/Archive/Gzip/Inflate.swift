import CZlib
import Common

/// Unpacks small compressed texts outside of archives.
public enum Inflate {
  /// Unpacks RFC 1950 data: a header of two bytes, compressed data, a checksum.
  ///
  /// - Throws: `.damagedArchive` if it is invalid, or unpacks to more than `limit` bytes.
  public static func zlib(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
    let failure = PlainFailure(.damagedArchive, "compressed text", "makes no sense")
    guard bytes.count > 6 else { throw failure }
    var stream = z_stream()
    guard zlib_inflate_raw_init(&stream) == Z_OK else { throw failure }
    defer { inflateEnd(&stream) }
    var input = Array(bytes[2...])
    var output = [UInt8](repeating: 0, count: min(limit, max(1024, bytes.count * 4)))
    var count = 0
    return try input.withUnsafeMutableBufferPointer { source in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      while true {
        let code = output.withUnsafeMutableBufferPointer { room in
          stream.next_out = room.baseAddress.map { $0 + count }
          stream.avail_out = UInt32(room.count - count)
          return inflate(&stream, Z_NO_FLUSH)
        }
        count = output.count - Int(stream.avail_out)
        if code == Z_STREAM_END { return Array(output[..<count]) }
        guard code == Z_OK, stream.avail_out == 0, output.count < limit else { throw failure }
        output.append(contentsOf: repeatElement(0, count: min(output.count, limit - output.count)))
      }
    }
  }
}
