import Archive
import Common
import Glibc
import Operations
import Postgres
import Server

/// Unpacks the parts of a backup: files into the folders beside the server's own, the dump to a place where the
/// database's administrator can read it.
struct RestoreUnpacking {
  let preparation: RestorePreparation
  /// Belongs to the system user who restores the database.
  let work: ScratchFolder?
  let user: String?

  struct Result {
    var dump: DumpFile?
    /// The number of rows of each table, if the backup states it.
    var tables: [String: Int64]?
    var files: Int64 = 0
    /// Whether all digests of a manifest were compared.
    var isProved = false
    /// The files of a damaged backup that could not be read, and the file that lists all of them.
    var losses: SalvageLosses?
  }

  func run(_ meter: Meter, cancellation: Cancellation) throws -> Result {
    let progress = meter.follow()
    var result = Result()
    for place in preparation.replaced where !place.exchangesContents {
      try FileSystem.makeFolder(place.parent, mode: 0o755)
    }
    if let archive = preparation.archive {
      result = try unpack(archive, cancellation: cancellation, progress)
    } else if case .manual(let backup) = preparation.source {
      result = try collect(backup, cancellation: cancellation, progress)
    }
    if let dump = result.dump { try handOver(dump.path) }
    return result
  }

  /// The places that are folders: single files that links refer to are taken from their folders afterwards.
  private var folders: [RestorePlace] { preparation.replaced.filter { $0.isFile != true } }

  // MARK: Backups

  private func unpack(_ archive: String, cancellation: Cancellation, _ progress: @escaping ByteProgress) throws
    -> Result
  {
    var parts = Dictionary(folders.map { ($0.part, $0.side) }) { first, _ in first }
    let folder = work.map { "\($0.path)/database" }
    if let folder { parts[BackupLayout.database] = folder }
    if preparation.options.salvages {
      return try salvage(archive, parts, dump: folder, cancellation: cancellation, progress)
    }
    let unpacked: PartsUnpacker.Result
    do {
      unpacked = try PartsUnpacker.unpack(
        archive,
        stream: Encryption.stream(of: archive, identity: preparation.options.identity, cancellation: cancellation),
        parts: parts, expecting: .backup, skipsLinks: true, cancellation: cancellation, progress: progress)
    } catch let failure as any Failure where failure.family == .damagedArchive {
      throw SalvageAdvice.adding(
        to: failure, of: archive, preparation.options, root: preparation.installation.root)
    }
    // Detected only now if it comes after everything else.
    guard Brand.allCases.count(where: { unpacked.texts[BackupLayout.versionFile($0)] != nil }) <= 1 else {
      throw ArchiveFailure(archive, .damaged("it says that it is of two kinds of servers"))
    }
    var result = Result()
    result.isProved = unpacked.manifest != nil
    result.tables = unpacked.manifest.map(\.tables).flatMap { $0.isEmpty ? nil : $0 }
    result.files = Int64(unpacked.members.count { $0.name.hasPrefix("\(BackupLayout.uploads)/") })
    if let folder, FileSystem.exists("\(folder)/toc.dat") { result.dump = DumpFile(path: folder, form: .directory) }
    guard folder == nil || result.dump != nil else {
      throw ArchiveFailure(archive, .damaged("the dump of the database has no table of contents"))
    }
    if let folder, let contents = preparation.head.dump {
      try DumpFiles.require(contents, in: folder, of: archive)
    }
    return result
  }

  /// Unpacks the undamaged files of a damaged backup. A lost upload is only that file; without the database or the
  /// secrets, a server cannot be restored.
  private func salvage(
    _ archive: String, _ parts: [String: String], dump folder: String?, cancellation: Cancellation,
    _ progress: @escaping ByteProgress
  ) throws -> Result {
    let salvaged = try PartsUnpacker.salvage(
      archive,
      stream: Encryption.stream(of: archive, identity: preparation.options.identity, cancellation: cancellation),
      parts: parts, cancellation: cancellation, progress: progress)
    let losses = SalvageLosses(salvaged.lost, faults: salvaged.faults, isProved: salvaged.manifest != nil)
    if folder != nil { try losses.requireDatabase(archive) }
    if parts.keys.contains(BackupLayout.settings) {
      try losses.requireSettings(archive, preparation.installation.brand)
    }
    var result = Result()
    result.isProved = salvaged.manifest != nil
    result.tables = salvaged.manifest.map(\.tables).flatMap { $0.isEmpty ? nil : $0 }
    result.files = Int64(salvaged.members.count { $0.name.hasPrefix("\(BackupLayout.uploads)/") })
    if let folder, FileSystem.exists("\(folder)/toc.dat") { result.dump = DumpFile(path: folder, form: .directory) }
    guard folder == nil || result.dump != nil else {
      throw ArchiveFailure(archive, .damaged("the dump of the database has no table of contents"))
    }
    if let folder, let contents = preparation.head.dump {
      try DumpFiles.require(contents, in: folder, of: archive)
    }
    result.losses = losses
    return result
  }

  // MARK: Manual backups

  private func collect(
    _ backup: ManualBackup, cancellation: Cancellation, _ progress: @escaping ByteProgress
  ) throws -> Result {
    var result = Result()
    for (source, part) in [(backup.settings, BackupLayout.settings), (backup.uploads, BackupLayout.uploads)] {
      let places = folders.filter { $0.part == part || $0.part.hasPrefix(part + "/") }
      guard let source, !places.isEmpty else { continue }
      // Named by their parts within that folder: "" is all of it.
      let parts = Dictionary(places.map { (String($0.part.dropFirst(part.count + 1)), $0.side) }) { first, _ in first }
      let unpacked = try PartsUnpacker.unpack(
        source, parts: parts, skipsLinks: true, cancellation: cancellation, progress: progress)
      if part == BackupLayout.uploads { result.files = Int64(unpacked.members.count) }
    }
    if let dump = preparation.dump, let work { result.dump = try dump.brought(to: work.path, for: user, cancellation) }
    return result
  }

  /// Gives a path in the work folder to the administrator, the only user who may read it.
  private func handOver(_ path: String) throws {
    guard let work, path.hasPrefix(work.path), let user, let entry = getpwnam(user) else { return }
    let owner = (entry.pointee.pw_uid, entry.pointee.pw_gid)
    let names = FileSystem.isFolder(path) ? try FileSystem.names(in: path).map { "\(path)/\($0)" } : []
    for file in [path] + names where lchown(file, owner.0, owner.1) != 0 {
      throw PlainFailure.system(file, "cannot be given to \(user)", errno: errno)
    }
  }
}
