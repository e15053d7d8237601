import Archive
import Common
import Engine
import Glibc
import Operations
import Remote
import Transfer

/// An export of a server on another machine into a file of this one, or to standard output. No file is written there.
struct RemoteExport {
  private enum Phase: String, OperationPhase {
    case verify

    var title: String { "Read the archive back" }
  }

  private let command: ExportCommand
  private let words: [String]
  /// Nil: standard output.
  private let output: String?

  /// - Parameter words: the command as it is called there.
  init(_ command: ExportCommand, _ words: [String]) {
    self.command = command
    output =
      command.file == ExportCommand.standardOutput
      ? nil : command.file.map { FileSystem.absolute($0) } ?? ExportOperation.newOutput(command.server.brand ?? .aloha)
    let stream: ExportOperation.Options.Stream = output == nil ? .plainOutlet : .outlet
    self.words = RemoteWords.without(["--output", "--limit-rate"], words) + ["--stream", stream.rawValue]
  }

  /// - Throws: if the archive cannot be written here.
  func checkOutput() throws {
    if let output, let refusal = Blocked.of([NewArchiveCheck.finding(output)]) { throw refusal }
    guard output == nil, !command.dryRun else { return }
    guard isatty(STDOUT_FILENO) == 0, !command.output.json else {
      throw PlainFailure(
        .usage, "--output -", "standard output is a terminal, or is used by --json",
        remedy: "lead it into a file or to another program")
    }
  }

  /// Runs it, and returns the exit code.
  func run(on server: RemoteServer) throws -> Int32 {
    let json = command.output.json
    let session = RemoteSession(server, words: words, json: json)
    guard !command.dryRun else { return try session.plainly() }
    guard let job = try session.start() else { return session.status }
    let view = JobView(json: json, resultOnError: output == nil)
    defer { view.end() }
    var summary = try receive(job, on: server, view)
    if let output {
      let progress = Progress(cancellation: Interruption.cancellation) { view.show($0) }
      try progress.phase(Phase.verify, unit: .bytes) { meter in
        _ = try ArchiveCheck.verifyDigests(
          output, cancellation: Interruption.cancellation, progress: meter.follow())
      }
      summary.facts.insert(Summary.Fact("Archive", output), at: 0)
      summary.facts.append(Summary.Fact("Verified", "every byte was read back here and compared with its checksum"))
    }
    view.show(.finished(summary))
    view.finish(summary)
    return 0
  }

  /// Follows the job and receives its archive, at the same time.
  private func receive(_ job: RemoteJob, on server: RemoteServer, _ view: JobView) throws -> Summary {
    let ended = Monitor<Result<Summary, any Error>?>(nil)
    // Stops the job if the archive cannot be received, and the receiving if the job has failed.
    let (stopJob, stopReceiving) = (Cancellation(), Cancellation())
    let follower = try WorkerThread {
      let result = Result {
        try job.follow(on: server, cancellation: stopJob, report: RemoteSession.tell) { event in
          // The end is shown when the archive is here.
          if !event.isEnd { view.show(event) }
        }
      }
      if case .failure = result { stopReceiving.cancel() }
      ended.now { $0 = result }
    }
    let interruption = try WorkerThread {
      while ended.now({ $0 == nil }) {
        if Interruption.cancellation.isCancelled { stopJob.cancel() }
        usleep(100_000)
      }
    }
    defer { interruption.join() }
    let target: any StreamTarget = output.map { IncomingFile($0) } ?? OutputTarget()
    var transfer = StreamTransfer(cancellation: stopReceiving) { failure in
      try server.reconnect(canAsk: false, cancellation: stopReceiving, report: RemoteSession.tell)
    }
    transfer.limit = command.transfer.rate
    do {
      try transfer.run(
        from: RemoteOutlet(server, folder: job.folder, cancellation: stopReceiving), to: target)
    } catch {
      stopJob.cancel()
      follower.join()
      // The failure of the job is the reason, if it was not stopped for this one.
      if case .failure(let failure)? = ended.now({ $0 }),
        ![.cancelled, .connection].contains((failure as? any Failure)?.family)
      {
        throw failure
      }
      throw Interruption.cancellation.isCancelled ? Cancelled() : error
    }
    follower.join()
    guard let result = ended.now({ $0 }) else { throw Cancelled() }
    return try result.get()
  }
}

/// Standard output as the end of a stream.
private final class OutputTarget: StreamTarget {
  private var digest: Digest? = Digest()
  private(set) var durable: Int64 = 0

  func open() -> Int64 { durable }

  func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes {
      digest?.update($0)
      try FileSystem.writeAll(STDOUT_FILENO, $0, path: "standard output")
    }
    durable += Int64(bytes.count)
  }

  func finish(_ end: StreamEnd) throws {
    guard end.size == durable, end.head.isEmpty, digest.take()?.hexadecimal() == end.sha256 else {
      throw PlainFailure(
        .damagedArchive, "standard output", "the bytes that arrived are not those that were sent",
        remedy: "discard what was written, and try it again")
    }
  }

  func close() {}
}
