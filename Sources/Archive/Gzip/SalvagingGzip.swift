import CZlib
import Common

/// Unpacks a damaged gzip file as far as possible.
///
/// After invalid data, everything up to the next possible start of a block is skipped: archives of this program have
/// one every few hundred kilobytes, those of gzip none. Bytes after a gap can be wrong if they refer to bytes before
/// it: they must be compared with a digest.
final class SalvagingGzip: ByteSource {
  private let file: any ByteSource
  private var stream = z_stream()
  private var input: [UInt8] = Array(repeating: 0, count: 256 << 10)
  private var start = 0
  private var end = 0
  private var isInside = false
  private var isFinished = false
  /// Set if bytes before the next ones were skipped; reset by the reader.
  var hasGap = false
  /// The first faults.
  private(set) var faults: [String] = []

  private static let mark: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]
  private static let window = 32 << 10
  private static let mostFaults = 20

  init(_ file: any ByteSource) throws {
    self.file = file
    guard zlib_inflate_raw_init(&stream) == Z_OK else {
      throw PlainFailure(.unexpected, "zlib", "cannot be started: out of memory")
    }
  }

  deinit { inflateEnd(&stream) }

  var path: String { file.path }
  var position: Int64 { file.position - Int64(end - start) }

  /// Ends early before a gap, so that the bytes of one call are contiguous.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while !isFinished {
      if !isInside { try beginMember() }
      let count = try inflateSome(into: buffer)
      if count > 0 || hasGap { return count }
    }
    return 0
  }

  // MARK: Unpacking

  private func inflateSome(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard !isFinished, let room = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return 0 }
    stream.next_out = room
    stream.avail_out = UInt32(buffer.count)
    while stream.avail_out > 0 {
      if start == end, try !refill() {
        note("it ends in the middle")
        isFinished = true
        break
      }
      let code = input.withUnsafeMutableBufferPointer { bytes -> Int32 in
        stream.next_in = bytes.baseAddress.map { $0 + start }
        stream.avail_in = UInt32(end - start)
        return inflate(&stream, Z_NO_FLUSH)
      }
      start = end - Int(stream.avail_in)
      if code == Z_STREAM_END {
        // The checksum covers the damage: digests are compared instead.
        start = min(end, start + GzipFormat.trailerSize)
        isInside = false
        break
      }
      guard code == Z_OK || code == Z_BUF_ERROR else {
        note("what is packed at byte \(position) makes no sense")
        try skip()
        break
      }
    }
    return buffer.count - Int(stream.avail_out)
  }

  /// Skips to the next possible start of a block.
  private func skip() throws {
    hasGap = true
    var matched = 0
    while true {
      if start == end, try !refill() {
        isFinished = true
        return
      }
      let byte = input[start]
      start += 1
      matched = byte == Self.mark[matched] ? matched + 1 : byte == 0 ? (matched == 2 ? 2 : 1) : 0
      if matched == Self.mark.count { break }
    }
    inflateReset(&stream)
    // Blocks refer to preceding bytes, and would be refused without a window.
    let nothing = [UInt8](repeating: 0, count: Self.window)
    inflateSetDictionary(&stream, nothing, UInt32(nothing.count))
  }

  // MARK: Input

  private func beginMember() throws {
    if start == end, try !refill() {
      isFinished = true
      return
    }
    // Headers are short; other data after the first member does not belong to the archive.
    while end - start < 1 << 10, try more() {}
    guard let length = Self.headerLength(input[start..<end]) else {
      note("bytes that are not part of it follow at byte \(position)")
      isFinished = true
      return
    }
    start += length
    inflateReset(&stream)
    isInside = true
  }

  private static func headerLength(_ bytes: ArraySlice<UInt8>) -> Int? {
    let first = bytes.startIndex
    guard bytes.count >= 10, bytes[first] == 0x1F, bytes[first + 1] == 0x8B else { return nil }
    let flags = bytes[first + 3]
    var place = first + 10
    if flags & GzipFormat.Flag.extra != 0 {
      guard place + 2 <= bytes.endIndex else { return nil }
      place += 2 + Int(bytes[place]) + Int(bytes[place + 1]) << 8
    }
    for flag in [GzipFormat.Flag.name, GzipFormat.Flag.comment] where flags & flag != 0 {
      guard place <= bytes.endIndex, let zero = bytes[place...].firstIndex(of: 0) else { return nil }
      place = zero + 1
    }
    if flags & GzipFormat.Flag.headerChecksum != 0 { place += 2 }
    return place <= bytes.endIndex ? place - first : nil
  }

  private func refill() throws -> Bool {
    start = 0
    end = try input.withUnsafeMutableBytes { try file.read(into: $0) }
    return end > 0
  }

  /// Reads more bytes after the existing ones; returns false at the end.
  private func more() throws -> Bool {
    let rest = Array(input[start..<end])
    input.replaceSubrange(0..<rest.count, with: rest)
    start = 0
    end = rest.count
    let count = try input.withUnsafeMutableBytes {
      try file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[end...]))
    }
    end += count
    return count > 0
  }

  private func note(_ fault: String) {
    if faults.count < Self.mostFaults { faults.append(fault) }
  }
}
