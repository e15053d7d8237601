import Common
import Glibc
import Operations
import Remote
import Transfer

/// The way of the archive from the old server to the new one.
///
/// On one machine it is a file. Between machines it is a stream: nothing is written on the old server's machine, and a
/// lost connection is continued at the same byte.
struct ArchiveTransit {
  let sites: MoveSites
  let decisions: MoveDecisions

  /// The name of the export among the parts of the move.
  private static let part = "export"

  /// Exports the organization, runs `body` with the result and with the path of the archive for the import, and deletes
  /// the archive if it is on another machine.
  func carry<Value>(_ progress: Progress, _ body: (Summary, String) throws -> Value) throws -> Value {
    guard sites.isRemote, let target = sites.target else {
      return try body(sites.source.run(export(), as: Self.part, progress), decisions.archive)
    }
    guard let target = target as? RemoteSite else {
      let file = IncomingFile(decisions.archive)
      return try body(stream(to: file, progress), decisions.archive)
    }
    let file = RemoteIncoming(target.server, cancellation: progress.cancellation)
    defer { file.discard() }
    let exported = try stream(to: file, progress)
    guard let path = file.path else { throw StreamEnded(host: target.server.address.label) }
    return try body(exported, path)
  }

  /// The export as it is planned and checked.
  func export() -> ExportOperation {
    export(sites.target != nil && sites.isRemote ? .outlet : nil, in: nil)
  }

  private func export(_ stream: ExportOperation.Options.Stream?, in folder: String?) -> ExportOperation {
    var options = ExportOperation.Options(
      subdomain: decisions.organization, output: stream == nil ? decisions.archive : nil)
    options.deactivates = decisions.deactivates
    options.stream = stream
    options.streamFolder = folder
    return ExportOperation(sites.source.reference, options)
  }

  // MARK: The stream

  private func stream(to target: any StreamTarget, _ progress: Progress) throws -> Summary {
    // Stops the receiving once the export has failed, or the operator stops the move.
    let stop = Cancellation()
    let watching = Monitor(true)
    let watcher = try WorkerThread {
      while watching.now({ $0 }), !stop.isCancelled {
        if progress.cancellation.isCancelled { stop.cancel() }
        usleep(100_000)
      }
    }
    defer {
      watching.now { $0 = false }
      watcher.join()
    }
    guard let remote = sites.source as? RemoteSite else {
      let folder = try PrivateFolder()
      defer { folder.remove() }
      let part = OperationPart(Self.part, export(.outlet, in: folder.path))
      let source = LocalOutlet("\(folder.path)/\(StreamOutlet.fileName)", cancellation: stop)
      return try together(from: source, to: target, stop, progress) { try part.run(progress) }
    }
    let job = try remote.start(export(.outlet, in: nil), cancellation: progress.cancellation)
    let source = RemoteOutlet(remote.server, folder: job.folder, cancellation: stop)
    let part = progress.part(Self.part)
    return try together(from: source, to: target, stop, progress) { try remote.follow(job, part) }
  }

  /// Runs the export while its archive is received.
  private func together(
    from source: any StreamSource, to target: any StreamTarget, _ stop: Cancellation, _ progress: Progress,
    _ export: @escaping @Sendable () throws -> Summary
  ) throws -> Summary {
    let exported = Monitor<Result<Summary, any Error>?>(nil)
    let exporter = try WorkerThread {
      let result = Result { try export() }
      if case .failure = result { stop.cancel() }
      exported.now { $0 = result }
    }
    var transfer = StreamTransfer(cancellation: stop) { failure in
      progress.note("\(failure.subject): \(failure.reason). It is connected again.")
      for case let site as RemoteSite in [sites.source, sites.target].compactMap(\.self) {
        try site.server.reconnect(canAsk: false, cancellation: stop) { _, _ in }
      }
    }
    transfer.limit = decisions.bytesPerSecond.map { RateLimit(bytesPerSecond: $0) }
    let received = Result { try transfer.run(from: source, to: target) }
    exporter.join()
    let result = exported.now { $0 }
    if case .failure(let failure) = received {
      // The export's own failure is the reason, unless it was stopped because of this one.
      if case .failure(let reason)? = result, (reason as? any Failure)?.family != .cancelled,
        (reason as? any Failure)?.family != .connection
      {
        throw reason
      }
      throw progress.cancellation.isCancelled ? Cancelled() : failure
    }
    guard let result else { throw Cancelled() }
    return try result.get()
  }
}

/// A folder that only this user can read, for a socket.
private struct PrivateFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/.aloha-wizard-move-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw PlainFailure.system("/tmp", "temporary folder", errno: errno) }
    path = String(cString: made)
  }

  func remove() { try? FileSystem.removeTree(path) }
}
