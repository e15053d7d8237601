import Common

/// The latest bytes of a stream between its writer and a reader that can begin again: bytes are kept until the reader has
/// acknowledged them, and the writer waits while too many are.
///
/// Thread-safe.
final class StreamBuffer: Sendable {
  private struct State {
    /// The bytes from `base` to `end`.
    var chunks: [[UInt8]] = []
    var base: Int64 = 0
    var end: Int64 = 0
    var last: StreamEnd?
    /// Whether the reader has everything, and has compared it.
    var isDone = false
    var failure: (any Error)?
  }

  private let capacity: Int64
  private let state = Monitor(State())

  /// - Parameter capacity: the most bytes that are kept in memory.
  init(capacity: Int = 32 << 20) { self.capacity = Int64(capacity) }

  // MARK: The writer

  /// Waits until there is room.
  ///
  /// - Throws: the failure given to ``fail(_:)``.
  func write(_ bytes: UnsafeRawBufferPointer) throws {
    try state.when {
      $0.failure != nil || $0.end - $0.base < capacity
    } _: { state in
      if let failure = state.failure { throw failure }
      state.chunks.append(Array(bytes))
      state.end += Int64(bytes.count)
    }
  }

  /// Says the end, and waits until the reader has everything.
  func finish(_ end: StreamEnd) throws {
    state.now { $0.last = end }
    try state.when {
      $0.failure != nil || $0.isDone
    } _: { state in
      if !state.isDone, let failure = state.failure { throw failure }
    }
  }

  /// Ends the waiting of the writer and of the reader.
  func fail(_ failure: any Error) { state.now { $0.failure = $0.failure ?? failure } }

  // MARK: The reader

  /// Whether a byte is still there, or can still come.
  func canBegin(at offset: Int64) -> Bool { state.now { $0.base <= offset && offset <= $0.end } }

  /// Waits for bytes behind an offset, or for the end.
  ///
  /// - Parameter isWanted: whether the reader still waits; looked at after ``wake()`` too.
  /// - Returns: nil if it is not wanted any more.
  /// - Throws: the failure given to ``fail(_:)``; `.unexpected` for a byte that is not kept any more.
  func piece(at offset: Int64, most: Int, isWanted: () -> Bool) throws -> StreamPiece? {
    try state.when {
      $0.failure != nil || $0.end > offset || $0.last != nil || !isWanted()
    } _: { state -> StreamPiece? in
      if let failure = state.failure { throw failure }
      guard isWanted() else { return nil }
      guard offset >= state.base, offset <= state.end else {
        throw PlainFailure(.unexpected, "stream", "byte \(offset) was acknowledged, and is not kept any more")
      }
      if offset == state.end { return state.last.map { .end($0) } }
      var start = state.base
      for chunk in state.chunks {
        let behind = start + Int64(chunk.count)
        if offset < behind {
          let first = Int(offset - start)
          return .bytes(Array(chunk[first..<min(chunk.count, first + most)]))
        }
        start = behind
      }
      return nil
    }
  }

  /// Lets a waiting reader look again whether it is wanted.
  func wake() { state.now { _ in } }

  func acknowledge(_ offset: Int64) {
    state.now { state in
      while let first = state.chunks.first, state.base + Int64(first.count) <= min(offset, state.end) {
        state.base += Int64(first.count)
        state.chunks.removeFirst()
      }
    }
  }

  func done() { state.now { $0.isDone = $0.last != nil } }
}
