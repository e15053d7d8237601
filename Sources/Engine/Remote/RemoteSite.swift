import Common
import FoundationEssentials
import Glibc
import Operations
import Remote
import Server
import Transfer

/// A server on another machine, with the work that this program does there.
public final class RemoteSite: Sendable {
  public let server: RemoteServer
  /// The server as it is called there.
  public let reference: ServerReference

  public init(_ server: RemoteServer, brand: Brand?) {
    self.server = server
    reference = ServerReference(there: server.address, brand: brand)
  }

  /// Asks the program there.
  ///
  /// - Throws: the failure there as a ``JobFailure``; ``Remote/SSHFailure``; `.command` for another answer than expected.
  func ask<Value>(
    _ request: PeerRequest, cancellation: Cancellation? = nil, _ value: (PeerAnswer) -> Value?
  ) throws -> Value {
    let channel = try server.connection.start(server.command(["peer", "ask"]))
    defer { channel.end() }
    try (Array(try JSONEncoder().encode(request)) + [0x0A]).withUnsafeBytes { try channel.write($0) }
    channel.closeInput()
    var lines = LineSplitter()
    while let bytes = try channel.read(cancellation: cancellation) {
      for line in lines.add(bytes) {
        guard let answer = try? JSONDecoder().decode(PeerAnswer.self, from: Data(line.utf8)) else { continue }
        if case .failure(let report) = answer { throw JobFailure(report) }
        if let value = value(answer) { return value }
      }
    }
    if channel.wait() == SSHConnection.lostStatus { throw channel.failure }
    throw PlainFailure(
      .command, server.address.label, "\(Program.name) there does not answer",
      remedy: "check that it runs there: ssh \(ShellWord.quoted(server.address.host)) \(Program.name) --version")
  }

  public func facts(_ cancellation: Cancellation? = nil) throws -> SiteFacts {
    try ask(.facts(reference), cancellation: cancellation) { if case .facts(let facts) = $0 { facts } else { nil } }
  }

  public func organizations(_ cancellation: Cancellation? = nil) throws -> [Organization] {
    try ask(.organizations(reference), cancellation: cancellation) {
      if case .organizations(let all) = $0 { all } else { nil }
    }
  }

  func start(_ operation: any Operation, cancellation: Cancellation? = nil) throws -> RemoteJob {
    let job = try ask(.start(PeerOperation(operation)), cancellation: cancellation) { answer -> RemoteJob? in
      if case .job(let job) = answer, job.isValid { job } else { nil }
    }
    return job
  }

  /// Runs an operation there as a job, and relays its events.
  func run(_ operation: any Operation, _ progress: Progress) throws -> Summary {
    try follow(start(operation, cancellation: progress.cancellation), progress)
  }

  func follow(_ job: RemoteJob, _ progress: Progress) throws -> Summary {
    try job.follow(on: server, cancellation: progress.cancellation) { failure, _ in
      progress.note("\(failure.subject): \(failure.reason). It is connected again; the work there goes on.")
    } show: { event in
      if !event.isEnd { progress.relay(event) }
    }
  }
}
