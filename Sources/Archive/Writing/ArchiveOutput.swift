import Common

/// The output chain of an archive: tar, gzip, file, and the checksum of all bytes.
final class ArchiveOutput {
  let file: PartialFile
  let tar: TarEncoder
  private let gzip: ParallelGzip
  private let sealing: Sealing

  /// The digest of the file; a class, because the sink outlives the initializer.
  private final class Sealing {
    private var digest: Digest? = Digest()

    func update(_ bytes: UnsafeRawBufferPointer) { digest?.update(bytes) }

    func finish() -> String? { digest.take()?.hexadecimal() }
  }

  init(path: String, level: Int, threads: Int) throws {
    let file = try PartialFile(path)
    let sealing = Sealing()
    var headerIsOut = false
    let gzip = try ParallelGzip(level: level, threads: threads, header: GzipSeal.unknown.header) { bytes in
      if headerIsOut { sealing.update(bytes) }
      headerIsOut = true
      try file.append(bytes)
    }
    self.file = file
    self.sealing = sealing
    self.gzip = gzip
    tar = try TarEncoder { try gzip.write($0) }
  }

  /// The size of the file so far, in bytes.
  var packed: Int64 { gzip.totals.packed }

  /// The processor time of the compression; known after sealing.
  var processorSeconds: Double { gzip.processorSeconds }

  func use(level: Int) throws { try gzip.use(level: level) }

  /// Writes the rest and syncs it to disk.
  func seal() throws {
    try tar.finish()
    try gzip.finish()
    guard let digest = sealing.finish() else {
      throw PlainFailure(.unexpected, "archive", "was sealed twice")
    }
    try file.overwrite(GzipSeal(digest: digest, size: gzip.totals.plain).header, at: 0)
    try file.sync()
  }

  func discard() {
    gzip.stop()
    file.discard()
  }
}
