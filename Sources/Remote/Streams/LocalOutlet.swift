import Common
import Glibc

/// The stream of a ``StreamOutlet`` on this machine.
public final class LocalOutlet: StreamSource {
  private let path: String
  private let cancellation: Cancellation
  private var connection: Int32 = -1
  private var decoder = StreamFrame.Decoder()

  /// - Parameter path: of the socket. It is waited for until it is there.
  public init(_ path: String, cancellation: Cancellation) {
    self.path = path
    self.cancellation = cancellation
  }

  deinit { close() }

  public func open(at offset: Int64) throws {
    decoder = StreamFrame.Decoder()
    while connection < 0 {
      try cancellation.check()
      connection = (try? UnixSocket.connect(path)) ?? -1
      if connection < 0 { usleep(50_000) }
    }
    try say("from \(offset)")
  }

  public func next() throws -> StreamPiece {
    while true {
      if let piece = try decoder.next(from: "stream") { return piece }
      guard let bytes = UnixSocket.receive(from: connection, most: 1 << 18) else { throw StreamEnded(host: "stream") }
      decoder.add(bytes)
    }
  }

  public func acknowledge(_ offset: Int64) throws { try say("ack \(offset)") }

  public func finish() throws {
    try say("done")
    while UnixSocket.receive(from: connection) != nil {}
  }

  public func abandon() { try? say("abort") }

  public func close() {
    if connection >= 0 { Glibc.close(connection) }
    connection = -1
  }

  private func say(_ line: String) throws {
    guard UnixSocket.send(Array((line + "\n").utf8), to: connection) else { throw StreamEnded(host: "stream") }
  }
}
