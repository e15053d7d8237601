import Archive
import Common
import Glibc
import Operations
import Postgres
import Server

/// Adds the parts of a server to the archive, and records the files that were skipped.
final class BackupContent {
  private let installation: Installation
  private let archive: ArchiveWriter
  private let progress: Progress
  private(set) var skipped: [Manifest.Skipped] = []
  private(set) var uploadedFiles: Int64 = 0

  init(installation: Installation, archive: ArchiveWriter, progress: Progress) {
    self.installation = installation
    self.archive = archive
    self.progress = progress
  }

  private var brand: Brand { installation.brand }

  /// Adds the small files that describe the backup; they come first, so that a restore can read them before unpacking.
  ///
  /// - Parameter moment: a time not later than the snapshot of the database: later changes may be missing from the
  ///   backup.
  func addFacts(
    _ session: Connection?, size: BackupSize, tree: FileTree?, moment: Int64, holdings: BackupHoldings
  ) throws -> Manifest.Source {
    let version = try session.map { try ServerVersion.read(installation, $0) } ?? ServerVersion.installed(installation)
    try archive.add(BackupLayout.versionFile(brand), Array("\(version.name ?? "unknown")\n".utf8))
    try archive.add(BackupLayout.systemFile, Array("\(BackupLayout.operatingSystem() ?? "unknown")\n".utf8))
    if let session { try archive.add(BackupLayout.postgresFile, Array("\(session.serverVersion)\n".utf8)) }
    let parameters = installation.databaseParameters()
    let facts = BackupFacts(
      created: Timestamp.iso(microseconds: moment), hostname: installation.host,
      databaseName: parameters.database, databaseUser: parameters.user,
      databaseBytes: session == nil ? nil : size.database, uploadsFiles: tree == nil ? nil : size.uploadsFiles,
      uploadsBytes: tree == nil ? nil : size.uploads, organizations: try session.map(Self.organizations),
      completeness: holdings.label)
    try archive.add(BackupFacts.fileName, try facts.encoded())
    if session != nil { try archive.add(MigrationStatus.fileName, MigrationStatus.encode(version, brand: brand)) }
    return Manifest.Source(
      serverVersion: version.name, featureLevel: version.featureLevel, brand: brand.rawValue,
      hostname: installation.host, postgresVersion: session.map { String($0.serverVersion / 10_000) })
  }

  private static func organizations(_ session: Connection) throws -> [BackupFacts.Organization] {
    try session.query("SELECT r.id, to_jsonb(r)->>'uuid', r.string_id FROM zerver_realm r ORDER BY r.id").compactMap {
      row in
      row[0].flatMap { Int64($0) }.map {
        BackupFacts.Organization(id: $0, uuid: row[1], subdomain: row[2] ?? "")
      }
    }
  }

  /// Adds the settings, which a restore requires: only entries that are not files are skipped.
  func addSettings() throws {
    let tree = try FileTree(
      installation.configurationFolder, root: installation.root, cancellation: progress.cancellation)
    note(tree, below: BackupLayout.settings)
    for file in tree.files {
      let descriptor = FileTree.open(file)
      guard descriptor >= 0 else {
        throw PlainFailure.system(
          "\(brand.configurationFolder)/\(SafeText.clean(file.name, limit: .line))", "cannot be read", errno: errno)
      }
      defer { close(descriptor) }
      try archive.add("\(BackupLayout.settings)/\(file.name)", file: descriptor, mode: file.mode)
    }
  }

  /// Adds the dump, with its table of contents first, so that a restore can inspect the dump.
  func addDump(_ folder: String, meter: Meter) throws {
    let names = try FileSystem.names(in: folder).sorted { left, _ in left == "toc.dat" }
    for name in names {
      let path = "\(folder)/\(name)"
      let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
      guard file >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
      defer { close(file) }
      // pg_dump has already compressed the rows.
      let member = try archive.add(
        "\(BackupLayout.database)/\(name)", file: file, level: name.hasSuffix(".gz") ? 0 : nil)
      unlink(path)
      try meter.advance(by: member.size)
    }
  }

  /// Returns the files that messages of the snapshot refer to, by their path below `files`.
  func attachments(_ session: Connection?) throws -> Set<String> {
    guard let session else { return [] }
    return Set(try session.query("SELECT path_id FROM zerver_attachment").compactMap { $0[0] })
  }

  func addUploads(_ tree: FileTree, attachments: Set<String>, meter: Meter) throws {
    note(tree, below: BackupLayout.uploads)
    var missing = attachments
    for file in tree.files {
      try add(file)
      if file.name.hasPrefix("files/") { missing.remove(String(file.name.dropFirst(6))) }
      try meter.advance(by: file.size)
    }
    guard !missing.isEmpty else { return }
    for path in missing.sorted() {
      skipped.append(
        Manifest.Skipped(
          name: "uploads/files/\(SafeText.clean(path, limit: .line))",
          reason: "messages name it, but it is not on the disk"))
    }
    progress.warn(
      "\(Amount.of(Int64(missing.count), "file")) that messages name were missing on the server already, "
        + "the first is \(SafeText.clean(missing.sorted()[0], limit: .title))")
  }

  private func add(_ file: FileTree.File) throws {
    let name = "\(BackupLayout.uploads)/\(file.name)"
    do {
      let descriptor = FileTree.open(file)
      guard descriptor >= 0 else { throw UnreadableFile(name: name, reason: SystemError.text(errno)) }
      defer { close(descriptor) }
      try archive.add(
        name, file: descriptor, level: CompressedFormats.contains(file.name) ? 0 : nil, mode: file.mode)
      uploadedFiles += 1
    } catch let unreadable as UnreadableFile {
      skip(name, unreadable.reason)
    } catch let failure as ArchiveFailure {
      guard case .refused(_, let why) = failure.problem else { throw failure }
      skip(name, why.rawValue)
    }
  }

  private func note(_ tree: FileTree, below folder: String) {
    for link in tree.followed {
      progress.note("\(folder)/\(SafeText.clean(link, limit: .line)) is a link; what it leads to is in the backup")
    }
    for item in tree.skipped { skip("\(folder)/\(item.name)", item.reason) }
  }

  private func skip(_ name: String, _ reason: String) {
    let name = SafeText.clean(name, limit: .line)
    skipped.append(Manifest.Skipped(name: name, reason: reason))
    progress.warn("\(name) is skipped: \(reason)")
  }
}

/// Extensions of files that are compressed already: compressing them again costs time and gains nothing.
enum CompressedFormats {
  private static let endings = [
    ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".heic", ".mp4", ".mov", ".webm", ".mp3", ".ogg", ".m4a",
    ".zip", ".gz", ".xz", ".zst", ".bz2", ".7z", ".docx", ".xlsx", ".pptx", ".odt", ".jar", ".original",
  ]

  static func contains(_ path: String) -> Bool {
    let path = path.lowercased()
    return endings.contains { path.hasSuffix($0) }
  }
}
