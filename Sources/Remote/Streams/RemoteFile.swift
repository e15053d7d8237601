import Common

/// A file on another machine as a stream.
public final class RemoteFile: StreamSource {
  private let server: RemoteServer
  private let path: String
  private let cancellation: Cancellation
  private var channel: SSHChannel?
  private var decoder = StreamFrame.Decoder()

  /// - Parameter path: the path there.
  public init(_ server: RemoteServer, path: String, cancellation: Cancellation) {
    self.server = server
    self.path = path
    self.cancellation = cancellation
  }

  public func open(at offset: Int64) throws {
    decoder = StreamFrame.Decoder()
    let channel = try server.connection.start(server.command(["peer", "read", path, String(offset)]))
    channel.closeInput()
    self.channel = channel
  }

  public func next() throws -> StreamPiece {
    guard let channel else { throw SSHFailure(server.address, .lost) }
    while true {
      if let piece = try decoder.next(from: server.address.label) { return piece }
      guard let bytes = try channel.read(cancellation: cancellation) else { throw ended(channel) }
      decoder.add(bytes)
    }
  }

  private func ended(_ channel: SSHChannel) -> any Error {
    let status = channel.wait()
    if status == SSHConnection.lostStatus { return channel.failure }
    return channel.failure(
      status, of: server.address.with(root: path).text, remedy: "check the path behind the host")
  }

  public func acknowledge(_ offset: Int64) {}
  public func finish() {}

  public func close() {
    channel?.end()
    channel = nil
  }
}
