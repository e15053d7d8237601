import Common
import Glibc
import Synchronization

/// A file on another machine that a stream fills, see ``IncomingFiles``.
public final class RemoteIncoming: StreamTarget {
  /// The path there, known after ``finish(_:)``.
  public private(set) var path: String?
  public let id: String
  private let server: RemoteServer
  private let cancellation: Cancellation
  private var channel: SSHChannel?
  private var answers: Answers?

  /// - Parameter id: see ``IncomingFiles/newID()``.
  public init(_ server: RemoteServer, id: String = IncomingFiles.newID(), cancellation: Cancellation) {
    self.server = server
    self.id = id
    self.cancellation = cancellation
  }

  public func open() throws -> Int64 {
    let channel = try server.connection.start(server.command(["peer", "receive", id]))
    self.channel = channel
    let answers = try Answers(channel, cancellation)
    self.answers = answers
    guard let offset = answers.wait(for: { $0.first }) else { throw ended(channel) }
    return offset
  }

  public func write(_ bytes: [UInt8]) throws {
    guard let channel else { throw SSHFailure(server.address, .lost) }
    do {
      try (StreamFrame.header(of: bytes.count) + bytes).withUnsafeBytes { try channel.write($0) }
    } catch is SSHFailure {
      throw ended(channel)
    }
  }

  public var durable: Int64 { answers?.durable ?? 0 }

  public func finish(_ end: StreamEnd) throws {
    guard let channel, let answers else { throw SSHFailure(server.address, .lost) }
    try StreamFrame.encode(end).withUnsafeBytes { try channel.write($0) }
    channel.closeInput()
    guard let path = answers.wait(for: { $0.path }) else { throw ended(channel) }
    guard path.hasPrefix("/") else {
      throw PlainFailure(.command, server.address.label, "sends a path that is none")
    }
    self.path = path
  }

  public func close() {
    channel?.end()
    answers?.end()
    channel = nil
    answers = nil
  }

  /// Deletes the file there, complete or not.
  public func discard() {
    _ = try? server.connection.retrying(patience: .seconds(30), cancellation: Cancellation()) {
      try server.connection.run(server.command(["peer", "discard", id]))
    }
  }

  private func ended(_ channel: SSHChannel) -> any Error {
    if cancellation.isCancelled { return Cancelled() }
    answers?.end()
    let status = channel.wait()
    if status == SSHConnection.lostStatus { return channel.failure }
    return channel.failure(
      status, of: server.address.label, "the data cannot be received there: ", remedy: "try it again")
  }

  /// The lines of the receiver, read by a thread of their own: `have N`, `ack N`, `whole PATH`.
  private final class Answers: Sendable {
    struct State {
      var first: Int64?
      var durable: Int64 = 0
      var path: String?
      var isOver = false
    }

    private let state = Monitor(State())
    private let stop = Cancellation()
    private let thread: WorkerThread
    private let isJoined = Mutex(false)

    init(_ channel: SSHChannel, _ cancellation: Cancellation) throws {
      thread = try WorkerThread { [state, stop] in
        var lines = LineSplitter(longest: 8192)
        while !cancellation.isCancelled, !stop.isCancelled, let bytes = try? channel.read(cancellation: stop) {
          for line in lines.add(bytes) {
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2 else { continue }
            state.now { state in
              switch words[0] {
              case "have":
                state.first = Int64(words[1]).flatMap { $0 >= 0 ? $0 : nil }
                state.durable = state.first ?? 0
              case "ack": state.durable = max(state.durable, Int64(words[1]) ?? 0)
              case "whole": state.path = String(words[1])
              default: break
              }
            }
          }
        }
        state.now { $0.isOver = true }
      }
    }

    var durable: Int64 { state.now { $0.durable } }

    /// - Returns: nil if the receiver has ended without it.
    func wait<Value>(for value: (State) -> Value?) -> Value? {
      state.when {
        value($0) != nil || $0.isOver
      } _: {
        value($0)
      }
    }

    /// Ends the thread, which does not read from a channel that is closed.
    func end() {
      stop.cancel()
      let isFirst = isJoined.withLock { joined in
        defer { joined = true }
        return !joined
      }
      if isFirst { thread.join() }
    }
  }
}

/// Splits a stream of bytes at its line breaks.
public struct LineSplitter {
  private let longest: Int
  private var rest: [UInt8] = []

  /// - Parameter longest: longer lines are dropped, in bytes.
  public init(longest: Int = 16 << 20) { self.longest = longest }

  /// Returns the lines that are complete now.
  public mutating func add(_ bytes: [UInt8]) -> [String] {
    var lines: [String] = []
    var start = bytes.startIndex
    while let end = bytes[start...].firstIndex(of: 0x0A) {
      rest += bytes[start..<end]
      if rest.count <= longest { lines.append(String(decoding: rest, as: UTF8.self)) }
      rest.removeAll(keepingCapacity: true)
      start = end + 1
    }
    if rest.count <= longest { rest += bytes[start...] }
    return lines
  }
}
