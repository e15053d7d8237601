import ArgumentParser
import Common
import Operations
import Remote

/// A command that reads an archive, which can be on another machine, or come from standard input.
protocol ArchiveCommand: ParsableCommand {
  /// As it was typed; nil if none was given.
  var archivePath: String? { get }
  var limit: RateLimit? { get }
  var wantsJSON: Bool { get }
  var copiesProgram: Bool { get }
}

extension ArchiveCommand {
  var limit: RateLimit? { nil }
  var copiesProgram: Bool { (self as? any OnServer)?.server.copyProgram ?? false }
}

extension ImportCommand: ArchiveCommand {
  var archivePath: String? { archive }
  var limit: RateLimit? { transfer.rate }
  var wantsJSON: Bool { output.json }
}
extension RestoreCommand: ArchiveCommand {
  var archivePath: String? { archive }
  var limit: RateLimit? { transfer.rate }
  var wantsJSON: Bool { output.json }
}
extension VerifyCommand: ArchiveCommand {
  var archivePath: String? { archive }
  var limit: RateLimit? { transfer.rate }
  var wantsJSON: Bool { output.json }
}
extension InspectCommand: ArchiveCommand {
  var archivePath: String? { archive }
  var wantsJSON: Bool { output.json }
}

/// Brings the archive of a command to the machine of the command's server.
struct ArchiveInput {
  /// The value of an archive for standard input.
  static let standardInput = "-"

  private enum Phase: String, OperationPhase {
    case receive, send

    var title: String { self == .send ? "Send the archive" : "Receive the archive" }
  }

  private let typed: String
  private let command: any ArchiveCommand

  /// - Returns: nil if the archive, or the server, is on this machine.
  init?(_ command: any ParsableCommand, isRemote: Bool) {
    guard let command = command as? any ArchiveCommand, let typed = command.archivePath else { return nil }
    guard isRemote || typed == Self.standardInput || RemoteAddress.isMeant(typed) else { return nil }
    self.typed = typed
    self.command = command
  }

  /// Returns the words of a command line with another path for the archive.
  func words(_ words: [String], with path: String) -> [String] {
    guard let index = words.lastIndex(of: typed) else { return words }
    var words = words
    words[index] = path
    return words
  }

  /// Receives the archive, runs `body` with its path on this machine, and deletes it.
  func received<Value>(_ body: (String) throws -> Value) throws -> Value {
    let file = try IncomingFiles.make()
    defer { IncomingFiles.remove(file) }
    let (source, server) = try source()
    defer { server?.close() }
    try copy(from: source, to: file, .receive, over: server.map { [$0] } ?? [])
    return try body(file.path)
  }

  /// Sends the archive to a server on another machine, runs `body` with its path there, and deletes it.
  func sent<Value>(to server: RemoteServer, _ body: (String) throws -> Value) throws -> Value {
    if RemoteAddress.isMeant(typed), try RemoteAddress(typed).isSameMachine(as: server.address) {
      return try body(RemoteAddress(typed).root)
    }
    let (source, other) = try source()
    defer { other?.close() }
    let file = RemoteIncoming(server, cancellation: Interruption.cancellation)
    defer { file.discard() }
    try copy(from: source, to: file, .send, over: [server] + [other].compactMap(\.self))
    guard let path = file.path else { throw Cancelled() }
    return try body(path)
  }

  private func source() throws -> (any StreamSource, RemoteServer?) {
    if typed == Self.standardInput { return (try PipeStream(cancellation: Interruption.cancellation), nil) }
    guard RemoteAddress.isMeant(typed) else { return (try FileStream(FileSystem.absolute(typed)), nil) }
    let address = try RemoteAddress(typed)
    let server = try RemoteServer.open(
      address.with(root: "/"), .ofCommand(copies: command.copiesProgram, json: command.wantsJSON),
      cancellation: Interruption.cancellation)
    return (RemoteFile(server, path: address.root, cancellation: Interruption.cancellation), server)
  }

  private func copy(
    from source: any StreamSource, to target: any StreamTarget, _ phase: Phase, over servers: [RemoteServer]
  ) throws {
    let view = JobView(json: command.wantsJSON)
    let progress = Progress(cancellation: Interruption.cancellation) { view.show($0) }
    defer { view.end() }
    try progress.phase(phase, total: (source as? FileStream)?.size, unit: .bytes) { meter in
      var seen: Int64 = 0
      var transfer = StreamTransfer(cancellation: Interruption.cancellation) { position in
        if position > seen { try meter.advance(by: position - seen) }
        seen = max(seen, position)
      } reconnect: { failure in
        progress.warn("\(failure.subject): \(failure.reason). It is connected again.")
        for server in servers {
          try server.reconnect(canAsk: false, cancellation: Interruption.cancellation) { _, _ in }
        }
      }
      transfer.limit = command.limit
      try transfer.run(from: source, to: target)
    }
  }
}
