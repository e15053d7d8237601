import CZlib
import Common

/// Compresses a stream on several processors into one gzip member, which every reader supports.
///
/// The stream is split into blocks; each is compressed by a worker with the end of the preceding block as its window,
/// so that the splitting costs no compression; the results are concatenated in order. The number of blocks is limited:
/// memory does not depend on the size of the stream.
///
/// For one thread, on which the sink is called too, so that its errors can be handled.
final class ParallelGzip {
  /// The number of input and output bytes, including the header and the trailer.
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
  /// The blocks in the order of the stream.
  private var underway: [DeflateBlock] = []
  private var idle: [DeflateBlock] = []
  private var checksum: UInt = 0
  private(set) var totals = Totals()
  private var failure: (any Error)?

  /// - Parameters:
  ///   - level: 0 (store) to 9.
  ///   - header: the gzip header, which is written immediately.
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

  /// The number of allocated blocks.
  var blockCount: Int { underway.count + idle.count + 1 }

  /// Changes the level for the following input.
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

  /// Compresses the remaining input, writes the trailer, and ends the workers.
  func finish() throws {
    current.isLast = true
    try submit()
    while !underway.isEmpty { try deliverOldest() }
    try GzipFormat.trailer(checksum: checksum, size: totals.plain).withUnsafeBytes { try deliver($0) }
    stop()
  }

  /// The processor time of the finished workers.
  var processorSeconds: Double { queue.now { $0.processorSeconds } }

  /// Ends the workers and discards their blocks.
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
    // Created here so that its error can be thrown; used only by that thread.
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

  /// Passes the current block to the workers and continues with an empty one.
  private func submit() throws {
    if let failure { throw failure }
    let full = current
    // The window must be copied before a worker finishes the block and it is reused.
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

  /// After an error the stream has a gap: no further input is accepted.
  private func remember(_ error: any Error) -> any Error {
    failure = error
    stop()
    return error
  }
}
