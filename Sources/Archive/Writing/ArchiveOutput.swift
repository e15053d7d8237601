import Common

/// Receives the bytes of an archive that is not written into a file.
public protocol ArchiveSink: AnyObject {
  /// Whether the bytes at the beginning can be replaced at the end, see ``finish(head:)``.
  var takesHead: Bool { get }
  func write(_ bytes: UnsafeRawBufferPointer) throws
  /// The archive is complete.
  ///
  /// - Parameter head: replaces the bytes at the beginning; empty if ``takesHead`` is false.
  func finish(head: [UInt8]) throws
  /// The archive will not be completed.
  func abandon()
}

/// The output chain of an archive: tar, gzip, file or sink, and the checksum of all bytes.
final class ArchiveOutput {
  private enum Destination {
    case file(PartialFile)
    case sink(any ArchiveSink)
  }

  /// Nil if the archive is written into a sink.
  var file: PartialFile? { if case .file(let file) = destination { file } else { nil } }
  private let destination: Destination
  let tar: TarEncoder
  private let gzip: ParallelGzip
  private let sealing: Sealing

  /// The digest of the file; a class, because the sink outlives the initializer.
  private final class Sealing {
    private var digest: Digest? = Digest()

    func update(_ bytes: UnsafeRawBufferPointer) { digest?.update(bytes) }

    func finish() -> String? { digest.take()?.hexadecimal() }
  }

  convenience init(path: String, level: Int, threads: Int) throws {
    let file = try PartialFile(path)
    try self.init(.file(file), GzipSeal.unknown.header, level: level, threads: threads) { try file.append($0) }
  }

  convenience init(sink: any ArchiveSink, level: Int, threads: Int) throws {
    let header = sink.takesHead ? GzipSeal.unknown.header : GzipFormat.plainHeader
    try self.init(.sink(sink), header, level: level, threads: threads) { try sink.write($0) }
  }

  private init(
    _ destination: Destination, _ header: [UInt8], level: Int, threads: Int,
    write: @escaping (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let sealing = Sealing()
    var headerIsOut = false
    let gzip = try ParallelGzip(level: level, threads: threads, header: header) { bytes in
      if headerIsOut { sealing.update(bytes) }
      headerIsOut = true
      try write(bytes)
    }
    self.destination = destination
    self.sealing = sealing
    self.gzip = gzip
    tar = try TarEncoder { try gzip.write($0) }
  }

  /// The size of the file so far, in bytes.
  var packed: Int64 { gzip.totals.packed }

  /// The processor time of the compression; known after sealing.
  var processorSeconds: Double { gzip.processorSeconds }

  func use(level: Int) throws { try gzip.use(level: level) }

  /// Writes the rest, and syncs a file to disk.
  func seal() throws {
    try tar.finish()
    try gzip.finish()
    guard let digest = sealing.finish() else {
      throw PlainFailure(.unexpected, "archive", "was sealed twice")
    }
    let header = GzipSeal(digest: digest, size: gzip.totals.plain).header
    switch destination {
    case .file(let file):
      try file.overwrite(header, at: 0)
      try file.sync()
    case .sink(let sink): try sink.finish(head: sink.takesHead ? header : [])
    }
  }

  func discard() {
    gzip.stop()
    switch destination {
    case .file(let file): file.discard()
    case .sink(let sink): sink.abandon()
    }
  }
}
