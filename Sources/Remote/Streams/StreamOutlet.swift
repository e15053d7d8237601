import Common
import Glibc
import Synchronization

/// The sending end of a stream in a job, for a reader on another machine: the reader connects to a socket, and connects
/// again after a lost connection. No byte is lost, and no file is written.
///
/// Lines of the reader: `from N` first, then `ack N` any number of times, and `done`, or `abort`. It gets ``StreamFrame``s. A new
/// reader replaces the one before.
public final class StreamOutlet {
  /// The name of the socket in the folder of a job.
  public static let fileName = "stream"

  private let server: OutletServer
  private var digest: Digest? = Digest()
  private var size: Int64 = 0

  /// Creates the socket, and accepts readers.
  ///
  /// - Parameters:
  ///   - path: of the socket, in a private folder.
  ///   - patience: how long a reader may be away, in seconds, before the stream fails.
  public init(_ path: String, patience: Int = 900, cancellation: Cancellation) throws {
    server = try OutletServer(path, patience: patience, cancellation: cancellation)
    try server.start()
  }

  deinit { close() }

  /// Waits while the reader is too far behind.
  ///
  /// - Throws: `.connection` if there is no reader for too long; `.cancelled`.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    digest?.update(bytes)
    size += Int64(bytes.count)
    try server.buffer.write(bytes)
  }

  /// Waits until the reader has everything, and has compared it.
  ///
  /// - Parameter head: bytes that replace those at the beginning.
  public func finish(head: [UInt8] = []) throws {
    guard let sha256 = digest.take()?.hexadecimal() else { return }
    try server.buffer.finish(StreamEnd(size: size, sha256: sha256, head: head))
    close()
  }

  /// Ends the stream; without ``finish(head:)`` the reader gets no end.
  public func close() { server.stop() }
}

/// The threads of a ``StreamOutlet``.
private final class OutletServer: Sendable {
  let buffer = StreamBuffer()
  private let path: String
  private let listener: Int32
  private let patience: Int
  private let cancellation: Cancellation
  private let state = Mutex(State())

  private struct State {
    var isStopped = false
    /// The connection of the present reader; -1 without one.
    var reader: Int32 = -1
    var readerLeft = ContinuousClock.now
  }

  private static let piece = 1 << 17

  init(_ path: String, patience: Int, cancellation: Cancellation) throws {
    self.path = path
    self.patience = patience
    self.cancellation = cancellation
    listener = try UnixSocket.listen(path)
  }

  deinit { close(listener) }

  func start() throws {
    for body in [acceptReaders, watch] { try WorkerThread(body).detach() }
  }

  func stop() {
    let reader = state.withLock { state in
      defer { state.isStopped = true }
      return state.isStopped ? -1 : state.reader
    }
    if reader >= 0 { shutdown(reader, Int32(SHUT_RDWR)) }
    shutdown(listener, Int32(SHUT_RDWR))
    buffer.fail(Cancelled())
    unlink(path)
  }

  private var isStopped: Bool { state.withLock { $0.isStopped } }

  @Sendable private func acceptReaders() {
    while !isStopped {
      let reader = accept(listener, nil, nil)
      guard reader >= 0 else {
        if isStopped { return }
        usleep(50_000)
        continue
      }
      _ = fcntl(reader, F_SETFD, FD_CLOEXEC)
      let before = state.withLock { state in
        defer { state.reader = reader }
        return state.reader
      }
      if before >= 0 { shutdown(before, Int32(SHUT_RDWR)) }
      buffer.wake()
      let thread = try? WorkerThread { [self] in
        serve(reader)
        state.withLock { state in
          guard state.reader == reader else { return }
          state.reader = -1
          state.readerLeft = .now
        }
        close(reader)
      }
      thread?.detach()
    }
  }

  /// Sends pieces to one reader until it leaves.
  private func serve(_ reader: Int32) {
    var lines = Lines()
    guard let first = lines.next(from: reader), case .from(let offset) = first, buffer.canBegin(at: offset) else {
      return
    }
    buffer.acknowledge(offset)
    let listening = try? WorkerThread { [buffer, lines] in
      var lines = lines
      while let line = lines.next(from: reader) {
        switch line {
        case .acknowledged(let offset): buffer.acknowledge(offset)
        case .done: buffer.done()
        case .abort:
          buffer.fail(
            PlainFailure(.connection, "stream", "the receiver has given up", remedy: "see there for the reason"))
        case .from: return
        }
      }
      // The sending thread waits in the buffer, or in the socket.
      shutdown(reader, Int32(SHUT_RDWR))
      buffer.wake()
    }
    guard let listening else { return }
    send(to: reader, from: offset)
    shutdown(reader, Int32(SHUT_RDWR))
    listening.join()
  }

  private func send(to reader: Int32, from offset: Int64) {
    var offset = offset
    func isWanted() -> Bool {
      guard state.withLock({ $0.reader == reader && !$0.isStopped }) else { return false }
      var end = pollfd(fd: reader, events: 0, revents: 0)
      return poll(&end, 1, 0) >= 0 && end.revents & Int16(POLLHUP | POLLERR) == 0
    }
    while let piece = try? buffer.piece(at: offset, most: Self.piece, isWanted: isWanted) {
      switch piece {
      case .bytes(let bytes):
        guard UnixSocket.send(StreamFrame.header(of: bytes.count) + bytes, to: reader) else { return }
        offset += Int64(bytes.count)
      case .end(let end):
        guard UnixSocket.send(StreamFrame.encode(end), to: reader) else { return }
        // The reader answers with `done`, and leaves.
        while isWanted() { usleep(20_000) }
        return
      }
    }
  }

  /// Ends the stream if there is no reader for too long, or if the operator stops it.
  @Sendable private func watch() {
    while !isStopped {
      if cancellation.isCancelled { buffer.fail(Cancelled()) }
      let (isAway, since) = state.withLock { ($0.reader < 0, $0.readerLeft) }
      if isAway, ContinuousClock.now - since > .seconds(patience) {
        buffer.fail(
          PlainFailure(
            .connection, "stream",
            "the other machine has not read it for \(Amount.duration(seconds: Double(patience)))",
            remedy: "check the connection, and begin again"))
      }
      usleep(100_000)
    }
  }

  /// The lines of a reader.
  private struct Lines {
    enum Line { case from(Int64), acknowledged(Int64), done, abort }

    private var rest: [UInt8] = []
    private static let longest = 64

    /// - Returns: nil at the end, and for anything else than a line.
    mutating func next(from descriptor: Int32) -> Line? {
      while true {
        if let end = rest.firstIndex(of: 0x0A) {
          let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
          rest.removeFirst(end + 1)
          let number = words.count == 2 ? Int64(words[1]) : nil
          switch (words.first, number) {
          case ("from", let offset?) where offset >= 0: return .from(offset)
          case ("ack", let offset?) where offset >= 0: return .acknowledged(offset)
          case ("done", nil): return .done
          case ("abort", nil): return .abort
          default: return nil
          }
        }
        guard rest.count <= Self.longest, let bytes = UnixSocket.receive(from: descriptor, most: 4096) else {
          return nil
        }
        rest += bytes
      }
    }
  }
}
