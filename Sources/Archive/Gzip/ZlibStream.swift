import CZlib

/// A whole zlib stream (RFC 1950) in memory: what the server's sessions are packed in.
public enum ZlibStream {
  /// The unpacked bytes; nil where it is no whole stream, or holds more than `limit` bytes.
  public static func unpack(_ packed: [UInt8], limit: Int) -> [UInt8]? {
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    guard inflateInit_(&stream, ZLIB_VERSION, size) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var input = packed
    var output = [UInt8](repeating: 0, count: limit)
    let code = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        return inflate(&stream, Z_FINISH)
      }
    }
    return code == Z_STREAM_END ? Array(output.prefix(Int(stream.total_out))) : nil
  }
}
