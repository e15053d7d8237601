import CZlib
import Common
import Glibc
import Testing

@testable import Archive

@Suite("Compressing on several processors")
struct ParallelGzipTests {
  private func pack(_ pieces: [[UInt8]], level: Int = 1, threads: Int = 3) throws -> [UInt8] {
    var packed: [UInt8] = []
    let gzip = try ParallelGzip(level: level, threads: threads) { packed.append(contentsOf: $0) }
    for piece in pieces { try piece.withUnsafeBytes { try gzip.write($0) } }
    try gzip.finish()
    #expect(gzip.totals == .init(plain: Int64(pieces.joined().count), packed: Int64(packed.count)))
    return packed
  }

  private func unpack(_ packed: [UInt8]) throws -> [UInt8] {
    let scratch = try Scratch()
    let path = try scratch.write("x.gz", packed)
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    let reader = try GzipReader(FileSource(descriptor, path: path), limits: .standard)
    var bytes: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 100_000)
    while true {
      let count = try room.withUnsafeMutableBytes { try reader.read(into: $0) }
      if count == 0 { return bytes }
      bytes.append(contentsOf: room[..<count])
    }
  }

  @Test("Compressed data is decompressed unchanged, at every size around the block limits", arguments: [0, 1, 9])
  func sizes(level: Int) throws {
    var dice = Dice(UInt64(level))
    let block = DeflateBlock.capacity
    for size in [0, 1, 100, block - 1, block, block + 1, 3 * block, 5 * block + 77] {
      let plain = dice.json(size).prefix(size)
      #expect(try unpack(pack([Array(plain)], level: level)) == Array(plain))
    }
  }

  @Test("The result depends neither on the number of workers nor on the pieces of the input")
  func deterministic() throws {
    var dice = Dice(7)
    let plain = dice.json(2_000_000)
    var pieces: [[UInt8]] = []
    var start = 0
    while start < plain.count {
      let end = min(plain.count, start + Int.random(in: 1...90_000, using: &dice))
      pieces.append(Array(plain[start..<end]))
      start = end
    }
    let expected = try pack([plain], threads: 1)
    #expect(try pack(pieces, threads: 5) == expected)
  }

  @Test("The result is one gzip member")
  func oneMember() throws {
    var dice = Dice(8)
    let plain = dice.json(1_500_000)
    var packed = try pack([plain])
    var stream = z_stream()
    #expect(zlib_inflate_gzip_init(&stream) == Z_OK)
    defer { inflateEnd(&stream) }
    var room = [UInt8](repeating: 0, count: plain.count + 1)
    let code = packed.withUnsafeMutableBufferPointer { input in
      room.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        return inflate(&stream, Z_FINISH)
      }
    }
    #expect(code == Z_STREAM_END)
    #expect(stream.avail_in == 0)
    #expect(Array(room.dropLast()) == plain)
  }

  @Test("Compression in blocks is as good as in one stream")
  func ratio() throws {
    var dice = Dice(9)
    let plain = dice.json(4_000_000)
    var whole = [UInt8](repeating: 0, count: plain.count)
    var size = UInt(whole.count)
    #expect(compress2(&whole, &size, plain, UInt(plain.count), 6) == Z_OK)
    #expect(try Double(pack([plain], level: 6).count) < Double(size) * 1.01)
  }

  @Test("Incompressible data is stored, and text around it is compressed")
  func incompressible() throws {
    var dice = Dice(10)
    let noise = dice.bytes(3 * DeflateBlock.capacity)
    let text = dice.json(3 * DeflateBlock.capacity)
    let stored = try pack([noise], level: 9)
    // Stored blocks add five bytes for each piece of at most 64 KiB.
    #expect(stored.count > noise.count && stored.count < noise.count + 300)
    let mixed = try pack([text, noise, text], level: 1)
    #expect(mixed.count < noise.count + text.count / 2)
    #expect(try unpack(mixed) == text + noise + text)
  }

  @Test("The level can change within the stream")
  func levels() throws {
    var dice = Dice(11)
    let text = dice.json(300_000)
    var packed: [UInt8] = []
    let gzip = try ParallelGzip(level: 6, threads: 2) { packed.append(contentsOf: $0) }
    for level in [6, 0, 1, 0, 9, 9, 0] {
      try gzip.use(level: level)
      try text.withUnsafeBytes { try gzip.write($0) }
    }
    try gzip.finish()
    #expect(packed.count > 3 * text.count && packed.count < 5 * text.count)
    #expect(try unpack(packed) == Array(repeatElement(text, count: 7).joined()))
  }

  @Test("An error of the sink is thrown on the caller's thread and ends the workers")
  func sinkFails() throws {
    var dice = Dice(12)
    let noise = dice.bytes(400_000)
    let full = open("/dev/full", O_WRONLY)
    defer { close(full) }
    var isFirst = true
    let gzip = try ParallelGzip(level: 1, threads: 2) { bytes in
      if isFirst { isFirst = false } else { try FileSystem.writeAll(full, bytes, path: "/dev/full") }
    }
    var failure: PlainFailure?
    do {
      for _ in 0..<200 { try noise.withUnsafeBytes { try gzip.write($0) } }
    } catch let error as PlainFailure { failure = error }
    #expect(failure?.reason.contains("No space left") == true)
    #expect(throws: PlainFailure.self) { try noise.withUnsafeBytes { try gzip.write($0) } }
    #expect(throws: PlainFailure.self) { try gzip.finish() }
  }

  @Test("Memory does not grow with the stream")
  func bounded() throws {
    let zeros = [UInt8](repeating: 65, count: 1 << 20)
    var size = 0
    let gzip = try ParallelGzip(level: 1, threads: 2) { size += $0.count }
    for _ in 0..<64 { try zeros.withUnsafeBytes { try gzip.write($0) } }
    #expect(gzip.blockCount == 6)
    try gzip.finish()
    #expect(gzip.blockCount == 6)
  }
}
