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

  /// Asks the program there; asks again after a lost connection.
  ///
  /// - Throws: the failure there as a ``JobFailure``; ``Remote/SSHFailure``; `.command` for another answer than expected.
  func ask<Value>(
    _ request: PeerRequest, cancellation: Cancellation? = nil, _ value: (PeerAnswer) -> Value?
  ) throws -> Value {
    try server.connection.retrying(cancellation: cancellation ?? Cancellation()) {
      try askOnce(request, cancellation: cancellation, value)
    }
  }

  private func askOnce<Value>(
    _ request: PeerRequest, environment: [String: String] = [:], cancellation: Cancellation?,
    _ value: (PeerAnswer) -> Value?
  ) throws -> Value {
    let channel = try server.connection.start(server.command(["peer", "ask"], environment: environment))
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

  /// Starts an operation there as a job, once, whatever happens to the connection.
  ///
  /// A request to stop does not end it: a job that has begun there must be known, so that it is stopped and followed.
  func start(_ operation: any Operation, cancellation: Cancellation) throws -> RemoteJob {
    try cancellation.check()
    return try once(Cancellation()) { environment in
      try askOnce(.start(PeerOperation(operation)), environment: environment, cancellation: nil) { answer in
        if case .job(let job) = answer, job.isValid { job } else { nil }
      }
    }
  }

  /// Runs `body`, which starts a job there, and repeats it after a lost connection if the job was not started.
  ///
  /// - Parameter body: gets the variables for the program there.
  public func once(
    _ cancellation: Cancellation, _ body: ([String: String]) throws -> RemoteJob
  ) throws -> RemoteJob {
    let token = JobToken.make()
    while true {
      do {
        return try body([JobToken.variable: token])
      } catch let failure as SSHFailure where failure.isTemporary {
        try server.reconnect(canAsk: false, cancellation: cancellation)
        // The process of the lost connection may still be making it.
        for _ in 0..<4 {
          if let job = try find(token, cancellation) { return job }
          usleep(500_000)
        }
      } catch let failure as JobFailure where failure.family == .conflict {
        // The job that is in the way can be this one.
        guard let job = try find(token, cancellation) else { throw failure }
        return job
      }
    }
  }

  private func find(_ token: String, _ cancellation: Cancellation) throws -> RemoteJob? {
    try ask(.find(token: token, reference), cancellation: cancellation) { answer -> RemoteJob?? in
      switch answer {
      case .job(let job): .some(job.isValid ? job : nil)
      case .noJob: .some(nil)
      default: nil
      }
    }
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
