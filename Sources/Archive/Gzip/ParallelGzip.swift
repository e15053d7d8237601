import CZlib
import Common

/// Compresses a stream on several processors into ONE gzip member, which every reader reads.
///
/// The stream is cut into blocks; each is compressed by one of the workers with the end of the block before it as its
/// window, so that nothing is lost by the cutting; the results are strung together in order. At most a fixed number of
/// blocks is under way: memory does not depend on the size of the stream.
///
/// For one thread. The sink is called on it too, so that its errors arrive where they can be handled.
final class ParallelGzip {
  /// Bytes in and bytes out, the frame included.
  struct Totals: Equatable {
    var plain: Int64 = 0
    var packed: Int64 = 0
  }

  private struct Queue {
    var waiting: [DeflateBlock] = []
    var isStopped = false
    var processorSeconds = 0.0
  }

  private let sink: (UnsafeRawBufferPointer) throws -> Void
  private let queue = Monitor(Queue())
  private var workers: [WorkerThread] = []

  private var level: Int32
  private var current: DeflateBlock
  /// In the order of the stream.
  private var underway: [DeflateBlock] = []
  private var idle: [DeflateBlock] = []
  private var checksum: UInt = 0
  private(set) var totals = Totals()
  private var failure: (any Error)?

  /// - Parameters:
  ///   - level: 0 (store) to 9.
  ///   - header: the gzip header, which the sink gets at once.
  init(
    level: Int, threads: Int, header: [UInt8] = GzipFormat.plainHeader,
    sink: @escaping (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    self.level = Int32(min(9, max(0, level)))
    self.sink = sink
    let threads = max(1, threads)
    current = DeflateBlock()
    current.reset(after: nil, level: self.level)
    idle = (0..<2 * threads + 1).map { _ in DeflateBlock() }
    do {
      for _ in 0..<threads { workers.append(try startWorker()) }
      try header.withUnsafeBytes { try deliver($0) }
    } catch {
      stop()
      throw error
    }
  }

  deinit { stop() }

  /// Blocks that exist, whether at work or not.
  var blockCount: Int { underway.count + idle.count + 1 }

  /// Compresses what follows at another level.
  func use(level: Int) throws {
    let wanted = Int32(min(9, max(0, level)))
    guard wanted != self.level else { return }
    self.level = wanted
    if current.count > 0 { try submit() } else { current.level = wanted }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    totals.plain += Int64(bytes.count)
    var rest = bytes
    while !rest.isEmpty {
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(current.take(rest)))
      if current.isFull { try submit() }
    }
  }

  /// Compresses what is left, writes the trailer and ends the workers.
  func finish() throws {
    current.isLast = true
    try submit()
    while !underway.isEmpty { try deliverOldest() }
    try GzipFormat.trailer(checksum: checksum, size: totals.plain).withUnsafeBytes { try deliver($0) }
    stop()
  }

  /// Processor time of the workers that have ended.
  var processorSeconds: Double { queue.now { $0.processorSeconds } }

  /// Ends the workers; what is under way is dropped.
  func stop() {
    queue.now {
      $0.isStopped = true
      $0.waiting.removeAll()
    }
    workers.forEach { $0.join() }
    workers.removeAll()
  }

  private func startWorker() throws -> WorkerThread {
    let deflater = try Deflater(level: level)
    // Made here for its error's sake, used by that thread alone.
    nonisolated(unsafe) let own = deflater
    return try WorkerThread { [queue] in
      while let block = Self.next(queue) {
        own.compress(block)
        queue.now { _ in block.isDone = true }
      }
      let used = WorkerThread.processorSeconds
      queue.now { $0.processorSeconds += used }
    }
  }

  private static func next(_ queue: Monitor<Queue>) -> DeflateBlock? {
    queue.when({ $0.isStopped || !$0.waiting.isEmpty }) { $0.isStopped ? nil : $0.waiting.removeFirst() }
  }

  /// Gives the current block to the workers and takes a fresh one.
  private func submit() throws {
    if let failure { throw failure }
    let full = current
    // The window is copied before a worker may finish with the block and it is used again.
    while idle.isEmpty { try deliverOldest() }
    let fresh = idle.removeLast()
    fresh.reset(after: full, level: level)
    current = fresh
    underway.append(full)
    queue.now { $0.waiting.append(full) }
    while let first = underway.first, queue.now({ _ in first.isDone }) { try deliverOldest() }
  }

  private func deliverOldest() throws {
    let block = underway.removeFirst()
    queue.when({ _ in block.isDone }) { _ in }
    guard !block.failed else {
      throw remember(PlainFailure(.unexpected, "zlib", "could not compress a block"))
    }
    checksum = crc32_combine(checksum, block.checksum, block.count)
    try deliver(block.output)
    idle.append(block)
  }

  private func deliver(_ bytes: UnsafeRawBufferPointer) throws {
    do {
      try sink(bytes)
      totals.packed += Int64(bytes.count)
    } catch {
      throw remember(error)
    }
  }

  /// After an error the stream has a hole: nothing more is taken.
  private func remember(_ error: any Error) -> any Error {
    failure = error
    stop()
    return error
  }
}
