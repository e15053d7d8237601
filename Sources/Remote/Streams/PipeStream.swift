import Common
import Glibc

/// Standard input, or another pipe, as a stream: its latest bytes are kept, so that a reader can begin again.
public final class PipeStream: StreamSource {
  private let buffer = StreamBuffer()
  private var position: Int64 = 0
  private let cancellation: Cancellation
  private static let piece = 1 << 17

  /// Begins to read.
  ///
  /// - Parameter descriptor: owned by the caller; read to its end by a thread of its own.
  public init(_ descriptor: Int32 = STDIN_FILENO, cancellation: Cancellation) throws {
    self.cancellation = cancellation
    let reader = try WorkerThread { [buffer] in
      var digest = Digest()
      var size: Int64 = 0
      do {
        while let bytes = UnixSocket.receive(from: descriptor, most: Self.piece) {
          try bytes.withUnsafeBytes {
            digest.update($0)
            try buffer.write($0)
          }
          size += Int64(bytes.count)
        }
        try buffer.finish(StreamEnd(size: size, sha256: digest.hexadecimal()))
      } catch {
        // The reader has ended.
        return
      }
    }
    reader.detach()
    let watcher = try WorkerThread { [weak buffer] in
      while let buffer {
        if cancellation.isCancelled { return buffer.fail(Cancelled()) }
        usleep(200_000)
      }
    }
    watcher.detach()
  }

  deinit { buffer.fail(Cancelled()) }

  public func open(at offset: Int64) throws { position = offset }

  public func next() throws -> StreamPiece {
    guard let piece = try buffer.piece(at: position, most: Self.piece, isWanted: { true }) else { throw Cancelled() }
    if case .bytes(let bytes) = piece { position += Int64(bytes.count) }
    return piece
  }

  public func acknowledge(_ offset: Int64) { buffer.acknowledge(offset) }
  public func finish() { buffer.done() }
  public func close() {}
}
