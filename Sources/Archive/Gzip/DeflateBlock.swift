import CZlib
import Common

/// A block of the input during compression: the preceding window, the input and the output.
///
/// Owned by one thread at a time; the queue transfers the ownership.
final class DeflateBlock: @unchecked Sendable {
  static let capacity = 256 << 10
  /// The size of the window in bytes.
  static let window = 32 << 10

  /// The window followed by the input.
  private let storage = UnsafeMutableRawPointer.allocate(byteCount: window + capacity, alignment: 64)
  private let room = UnsafeMutableRawPointer.allocate(byteCount: outputCapacity, alignment: 64)
  private static let outputCapacity = capacity + capacity / 16 + 1024

  private var windowCount = 0
  private var inputCount = 0
  private var outputCount = 0
  private(set) var checksum: UInt = 0
  private(set) var failed = false

  var level: Int32 = 1
  var isLast = false
  /// Accessed under the lock of the queue.
  var isDone = false

  deinit {
    storage.deallocate()
    room.deallocate()
  }

  var count: Int { inputCount }
  var isFull: Bool { inputCount == Self.capacity }
  var output: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: room, count: outputCount) }

  /// Empties the block, with the last bytes of `previous` as its window.
  func reset(after previous: DeflateBlock?, level: Int32) {
    windowCount = 0
    if let previous {
      // The bytes are copied to the end of the window; within the same block they overlap.
      let kept = min(Self.window, previous.windowCount + previous.inputCount)
      let end = previous.storage + Self.window + previous.inputCount
      (storage + Self.window - kept).copyMemory(from: end - kept, byteCount: kept)
      windowCount = kept
    }
    inputCount = 0
    outputCount = 0
    self.level = level
    isLast = false
    isDone = false
  }

  /// Copies as many bytes as possible; returns their number.
  func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let start = bytes.baseAddress else { return 0 }
    let count = min(bytes.count, Self.capacity - inputCount)
    (storage + Self.window + inputCount).copyMemory(from: start, byteCount: count)
    inputCount += count
    return count
  }

  /// Compresses the input. The output ends at a byte boundary, so that blocks can be concatenated.
  fileprivate func compress(with stream: inout z_stream) {
    let input = (storage + Self.window).assumingMemoryBound(to: UInt8.self)
    checksum = crc32_z(0, input, inputCount)
    deflateReset(&stream)
    deflateParams(&stream, looksRandom ? 0 : level, Z_DEFAULT_STRATEGY)
    if windowCount > 0 { deflateSetDictionary(&stream, input - windowCount, UInt32(windowCount)) }
    stream.next_in = input
    stream.avail_in = UInt32(inputCount)
    stream.next_out = room.assumingMemoryBound(to: UInt8.self)
    stream.avail_out = UInt32(Self.outputCapacity)
    let code = deflate(&stream, isLast ? Z_FINISH : Z_SYNC_FLUSH)
    outputCount = Self.outputCapacity - Int(stream.avail_out)
    failed = code != (isLast ? Z_STREAM_END : Z_OK) || stream.avail_in != 0 || stream.avail_out == 0
  }

  /// Whether the bytes look incompressible, like images, videos and archives.
  private var looksRandom: Bool {
    let samples = 8192
    guard inputCount >= samples else { return false }
    let step = inputCount / samples
    let input = (storage + Self.window).assumingMemoryBound(to: UInt8.self)
    return withUnsafeTemporaryAllocation(of: Int32.self, capacity: 256) { counts in
      counts.initialize(repeating: 0)
      for index in 0..<samples { counts[Int(input[index * step])] += 1 }
      // Evenly distributed counts result in a small sum of squares: samples² / 256 + samples for random bytes.
      let squares = counts.reduce(0) { $0 + Int($1) * Int($1) }
      return squares < samples * samples / 256 * 9 / 8 + samples
    }
  }
}

/// The compressor of a worker; its tables are reused for all blocks.
final class Deflater {
  private var stream = z_stream()

  init(level: Int32) throws {
    guard zlib_deflate_raw_init(&stream, level) == Z_OK else {
      throw PlainFailure(.unexpected, "zlib", "cannot be started: out of memory")
    }
  }

  deinit { deflateEnd(&stream) }

  func compress(_ block: DeflateBlock) { block.compress(with: &stream) }
}
