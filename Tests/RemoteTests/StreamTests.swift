import Common
import Foundation
import Synchronization
import Testing

@testable import Remote

@Suite("Streams between machines")
struct StreamTests {
  /// Runs `body` with a new private folder.
  private func withFolder<Value>(_ body: (String) throws -> Value) throws -> Value {
    let path = "/tmp/aloha-tests-\(RandomText.alphanumeric(10))"
    try FileSystem.makeFolder(path, mode: 0o700)
    defer { try? FileSystem.removeTree(path) }
    return try body(path)
  }

  private static func sample(_ count: Int) -> [UInt8] {
    var state: UInt64 = 42
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 33)
    }
  }

  /// A source whose connection breaks after a number of bytes, again and again.
  private final class Breaking: StreamSource {
    let inner: any StreamSource
    let step: Int
    private var left: Int
    private(set) var breaks = 0

    init(_ inner: any StreamSource, every step: Int) {
      self.inner = inner
      self.step = step
      left = step
    }

    func open(at offset: Int64) throws { try inner.open(at: offset) }

    func next() throws -> StreamPiece {
      guard left > 0 else {
        left = step
        breaks += 1
        throw SSHFailure(try RemoteAddress("ssh://host"), .lost)
      }
      let piece = try inner.next()
      if case .bytes(let bytes) = piece { left -= bytes.count }
      return piece
    }

    func acknowledge(_ offset: Int64) throws { try inner.acknowledge(offset) }
    func finish() throws { try inner.finish() }
    func close() { inner.close() }
  }

  @Test(
    "A stream that is cut again and again arrives complete, with its new beginning", arguments: [200_000, 1_000_000])
  func cuts(_ step: Int) throws {
    try withFolder { folder in
      let bytes = Self.sample(3 << 20)
      let socket = "\(folder)/stream"
      let outlet = try StreamOutlet(socket, cancellation: Cancellation())
      let reconnects = Mutex(0)
      let thread = try WorkerThread {
        let source = Breaking(LocalOutlet(socket, cancellation: Cancellation()), every: step)
        let target = IncomingFile("\(folder)/file")
        _ = try? StreamTransfer { _ in reconnects.withLock { $0 += 1 } }.run(from: source, to: target)
      }
      for start in stride(from: 0, to: bytes.count, by: 100_000) {
        try bytes[start..<min(bytes.count, start + 100_000)].withUnsafeBytes { try outlet.write($0) }
      }
      try outlet.finish(head: [1, 2, 3])
      thread.join()
      #expect(try FileSystem.read("\(folder)/file") == [1, 2, 3] + bytes[3...])
      #expect(reconnects.withLock { $0 } >= bytes.count / step / 2)
      #expect(!FileSystem.exists(socket))
    }
  }

  @Test("The writer waits for a slow reader instead of filling the memory")
  func backPressure() throws {
    let buffer = StreamBuffer(capacity: 1 << 20)
    let written = Mutex(0)
    let writer = try WorkerThread {
      let piece = [UInt8](repeating: 7, count: 1 << 16)
      for _ in 0..<64 {
        guard (try? piece.withUnsafeBytes { try buffer.write($0) }) != nil else { return }
        written.withLock { $0 += piece.count }
      }
    }
    usleep(300_000)
    #expect(written.withLock { $0 } <= 2 << 20)
    for _ in 0..<64 {
      let offset = Int64(written.withLock { $0 })
      buffer.acknowledge(offset)
      usleep(10_000)
    }
    buffer.acknowledge(.max)
    writer.join()
    #expect(written.withLock { $0 } == 4 << 20)
  }

  @Test("A receiver that gives up ends the stream of the sender at once")
  func abandoned() throws {
    try withFolder { folder in
      let socket = "\(folder)/stream"
      let outlet = try StreamOutlet(socket, cancellation: Cancellation())
      let bytes = Self.sample(1 << 20)
      let reader = try WorkerThread {
        let source = LocalOutlet(socket, cancellation: Cancellation())
        try? source.open(at: 0)
        _ = try? source.next()
        source.abandon()
        usleep(200_000)
      }
      #expect(throws: PlainFailure.self) {
        for _ in 0..<200 { try bytes.withUnsafeBytes { try outlet.write($0) } }
      }
      reader.join()
    }
  }

  @Test("A stream whose reader stays away fails after the time that it may be away")
  func patience() throws {
    try withFolder { folder in
      let outlet = try StreamOutlet("\(folder)/stream", patience: 1, cancellation: Cancellation())
      #expect(throws: PlainFailure.self) {
        for _ in 0..<1000 { try Self.sample(1 << 20).withUnsafeBytes { try outlet.write($0) } }
      }
    }
  }

  @Test("A file that arrives damaged is refused and does not get its name")
  func damaged() throws {
    try withFolder { folder in
      let file = IncomingFile("\(folder)/file", partial: "\(folder)/partial")
      _ = try file.open()
      try file.write(Array("what was sent".utf8))
      let other = Digest.hexadecimal(Array("what was SENT".utf8))
      #expect(throws: PlainFailure.self) { try file.finish(StreamEnd(size: 13, sha256: other)) }
      #expect(!FileSystem.exists("\(folder)/file"))
    }
  }

  @Test("A partial file of an ended process is continued at its end")
  func continued() throws {
    try withFolder { folder in
      let bytes = Self.sample(500_000)
      func file() -> IncomingFile { IncomingFile("\(folder)/file", partial: "\(folder)/partial") }
      do {
        let first = file()
        #expect(try first.open() == 0)
        try first.write(Array(bytes[..<123_456]))
      }
      let second = file()
      #expect(try second.open() == 123_456)
      try second.write(Array(bytes[123_456...]))
      try second.finish(StreamEnd(size: Int64(bytes.count), sha256: Digest.hexadecimal(bytes)))
      #expect(try FileSystem.read("\(folder)/file") == bytes)
      #expect(!FileSystem.exists("\(folder)/partial"))
    }
  }

  @Test("An existing file is never replaced")
  func existing() throws {
    try withFolder { folder in
      try FileSystem.replace("\(folder)/file", with: [1])
      #expect(throws: PlainFailure.self) { try IncomingFile("\(folder)/file").open() }
      #expect(try FileSystem.read("\(folder)/file") == [1])
    }
  }

  @Test(
    "Bytes that are no stream are refused, whatever they are",
    arguments: [
      Array("Welcome to this machine!\n".utf8), [0x64, 0xFF, 0xFF, 0xFF, 0xFF], [0x65, 0, 0, 0, 2, 0x7B, 0x7D],
      [0x65, 0, 0, 0, 0], [0, 0, 0, 0, 0],
    ] as [[UInt8]])
  func nonsense(_ bytes: [UInt8]) {
    var decoder = StreamFrame.Decoder()
    decoder.add(bytes)
    #expect(throws: PlainFailure.self) { try decoder.next(from: "host") }
  }

  @Test("The end of a stream that claims more head than bytes, or a negative size, is refused")
  func ends() {
    for end in [
      StreamEnd(size: -1, sha256: ""), StreamEnd(size: 2, sha256: "", head: [1, 2, 3]),
      StreamEnd(size: 10_000, sha256: "", head: Array(repeating: 0, count: 5000)),
    ] {
      #expect(StreamEnd(encoded: end.encoded) == nil)
    }
  }

  @Test(
    "A rate is a number of bytes with an optional unit",
    arguments: [
      ("500k", 500_000), ("2M", 2_000_000), ("1.5m", 1_500_000), ("800000", 800_000), ("1G", 1_000_000_000),
      ("0", nil), ("", nil), ("k", nil), ("-1", nil), ("1e9", nil), ("5 M", nil), ("9999999999G", nil), ("0.0001", nil),
    ] as [(String, Int64?)])
  func rates(_ text: String, _ bytes: Int64?) {
    #expect(RateLimit(text)?.bytesPerSecond == bytes)
  }
}
