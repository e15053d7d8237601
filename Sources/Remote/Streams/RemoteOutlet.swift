import Common

/// The stream of a job on another machine, see ``StreamOutlet``.
public final class RemoteOutlet: StreamSource {
  private let server: RemoteServer
  /// The folder of the job there.
  private let folder: String
  private let cancellation: Cancellation
  private var channel: SSHChannel?
  private var decoder = StreamFrame.Decoder()

  public init(_ server: RemoteServer, folder: String, cancellation: Cancellation) {
    self.server = server
    self.folder = folder
    self.cancellation = cancellation
  }

  public func open(at offset: Int64) throws {
    decoder = StreamFrame.Decoder()
    let channel = try server.connection.start(
      server.command(["peer", "send", "\(folder)/\(StreamOutlet.fileName)"]))
    self.channel = channel
    try say("from \(offset)")
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
    // The job has ended without its stream: its own failure says why.
    return StreamEnded(host: server.address.label)
  }

  public func acknowledge(_ offset: Int64) throws { try say("ack \(offset)") }

  public func finish() throws {
    try say("done")
    channel?.closeInput()
    // The outlet has read it when it leaves.
    while try channel?.read(cancellation: cancellation) != nil {}
  }

  public func abandon() { try? say("abort") }

  public func close() {
    channel?.end()
    channel = nil
  }

  private func say(_ line: String) throws { try Array((line + "\n").utf8).withUnsafeBytes { try channel?.write($0) } }
}

/// The job there has closed its stream before its end.
public struct StreamEnded: Failure {
  private let host: String

  public init(host: String) { self.host = host }

  public var family: FailureFamily { .command }
  public var subject: String { host }
  public var reason: String { "the data ended before it was complete" }
  public var remedy: String? { "see the jobs there for the reason" }
}
