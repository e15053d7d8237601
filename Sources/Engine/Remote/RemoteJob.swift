import Common
import FoundationEssentials
import Operations
import Remote

/// A job on another machine.
public struct RemoteJob: Sendable, Codable {
  let job: String
  /// The folder of the job there.
  public let folder: String

  /// - Parameter output: of a command with `--detach` and `--json`.
  /// - Returns: nil if no job was started.
  public init?(_ output: String) {
    for line in output.split(whereSeparator: \.isNewline).reversed() {
      if let job = try? JSONDecoder().decode(Self.self, from: Data(line.utf8)), job.isValid {
        self = job
        return
      }
    }
    return nil
  }

  init(_ folder: JobFolder) {
    job = folder.id
    self.folder = folder.path
  }

  var isValid: Bool {
    !job.isEmpty && !job.hasPrefix("-") && job.utf8.allSatisfy { $0 == 0x2D || (0x30...0x7A).contains($0) }
      && folder.hasPrefix("/")
  }

  /// Shows each event once, until the end of the job. A lost connection is opened again; cancelling stops the job.
  ///
  /// - Returns: its result.
  /// - Throws: its failure; ``SSHFailure`` if the machine cannot be reached any more.
  public func follow(
    on server: RemoteServer, cancellation: Cancellation, report: (SSHFailure, Duration) -> Void,
    show: (ProgressEvent) -> Void
  ) throws -> Summary {
    var seen = 0
    var isStopped = false
    while true {
      do {
        let channel = try server.connection.start(
          server.command(["jobs", "attach", job, "--json"] + server.serverWords))
        defer { channel.end() }
        channel.closeInput()
        var lines = LineSplitter()
        var number = 0
        while let bytes = try channel.read() {
          if cancellation.isCancelled, !isStopped {
            isStopped = true
            _ = try server.connection.run(server.command(["jobs", "stop", job] + server.serverWords))
          }
          for line in lines.add(bytes) {
            guard let event = EventLine.decode(line) else { continue }
            number += 1
            guard number > seen else { continue }
            seen = number
            switch event {
            case .finished(let summary):
              show(event)
              return summary
            case .failed(let failure): throw JobFailure(failure)
            default: show(event)
            }
          }
        }
        guard channel.wait() == SSHConnection.lostStatus else {
          throw PlainFailure(
            .command, "job \(job)", "\(server.address.label) does not say how it ended",
            remedy: "see it there: " + Program.command(["jobs", "attach", job], root: server.address.text))
        }
        throw channel.failure
      } catch let failure as SSHFailure {
        guard failure.isTemporary else { throw failure }
        try server.reconnect(canAsk: false, cancellation: Cancellation(), report: report)
      }
    }
  }
}
