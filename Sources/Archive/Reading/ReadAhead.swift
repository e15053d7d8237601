import Common

/// Runs a source on a thread of its own, some pieces ahead of whoever uses them.
///
/// For one consumer. The source belongs to the thread until ``next()`` has returned nil or thrown, or ``stop()``.
final class ReadAhead: @unchecked Sendable {
  private final class Piece: @unchecked Sendable {
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    var count = 0
    var position: Int64 = 0

    deinit { room.deallocate() }
  }

  private struct Queue {
    var idle: [Piece] = (0..<6).map { _ in Piece() }
    var ready: [Piece] = []
    var failure: (any Error)?
    var isEnded = false
    var isStopped = false
  }

  private let queue = Monitor(Queue())
  private var thread: WorkerThread?
  private var lent: Piece?
  /// Bytes of the file used for what ``next()`` has given so far.
  private(set) var position: Int64 = 0
  /// Unpacked bytes given so far.
  private(set) var given: Int64 = 0

  init(_ source: any ByteSource) throws {
    nonisolated(unsafe) let source = source
    thread = try WorkerThread { [queue] in
      while let piece = queue.when({ $0.isStopped || !$0.idle.isEmpty }, { $0.isStopped ? nil : $0.idle.removeLast() })
      {
        do {
          piece.count = try source.read(into: piece.room)
          piece.position = source.position
          queue.now { if piece.count > 0 { $0.ready.append(piece) } else { $0.isEnded = true } }
          if piece.count == 0 { return }
        } catch {
          queue.now { $0.failure = error }
          return
        }
      }
    }
  }

  deinit { stop() }

  /// The next piece, valid until the next call; nil at the end.
  func next() throws -> UnsafeRawBufferPointer? {
    if let piece = lent.take() { queue.now { $0.idle.append(piece) } }
    let piece: Piece? = try queue.when({ !$0.ready.isEmpty || $0.failure != nil || $0.isEnded }) { queue in
      // What was read before an error is used first: it tells where the error is.
      if !queue.ready.isEmpty { return queue.ready.removeFirst() }
      if let failure = queue.failure { throw failure }
      return nil
    }
    guard let piece else { return nil }
    lent = piece
    position = piece.position
    given += Int64(piece.count)
    return UnsafeRawBufferPointer(rebasing: piece.room[..<piece.count])
  }

  /// Ends the thread and waits for it.
  func stop() {
    queue.now { $0.isStopped = true }
    thread?.join()
    thread = nil
  }
}
