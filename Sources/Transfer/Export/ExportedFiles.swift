import Archive
import Common
import Glibc
import JSON
import Operations
import Postgres
import Server

/// The files of an organization and their `records.json`: uploads of messages, avatars, custom emoji, icons and logos.
///
/// The list of files is read from the export's snapshot. A file that is missing or cannot be read is skipped, reported
/// and counted; it fails the export only if the operator requested that.
struct ExportedFiles {
  enum Kind: String, CaseIterable {
    case uploads, avatars, emoji, icons = "realm_icons"
  }

  /// One file, and the values of its record.
  struct Item {
    let kind: Kind
    /// The path below the folder of its kind, in the archive and in the record.
    let path: String
    /// The path below the server's folder of message files or of avatars.
    let source: String
    var user: (id: Int64, email: String)?
    var avatarVersion: Int64?
    var emoji: (author: Int64?, fileName: String, name: String, isDeactivated: Bool)?
  }

  let installation: Installation
  let scope: ExportScope
  let strict: Bool

  /// Lists all files of the organization that the snapshot knows.
  func list(_ connection: Connection) throws -> [Item] {
    try uploads(connection) + avatars(connection) + emoji(connection) + icons()
  }

  /// The result of ``write(_:to:progress:meter:)``.
  struct Report {
    var files: Int64 = 0
    var bytes: Int64 = 0
    var skipped: [Manifest.Skipped] = []
    /// The number of entries in the `records.json` of each kind.
    var records: [String: Int64] = [:]
  }

  /// Adds the files and the records of each kind. Each kind gets a `records.json`, even an empty one.
  func write(_ items: [Item], to archive: ArchiveWriter, progress: Progress, meter: Meter) throws -> Report {
    var report = Report()
    var added: Set<[UInt8]> = []
    for kind in Kind.allCases {
      let root = try folder(kind)
      defer { if root >= 0 { close(root) } }
      let records = JSONBuffer()
      for item in items where item.kind == kind {
        try meter.advance()
        do {
          // Two rows may share a file; the archive contains it once.
          let isNew = added.insert(Array("\(kind.rawValue)/\(item.path)".utf8)).inserted
          let status = try add(item, root: root, to: isNew ? archive : nil)
          append(item, status, to: records)
          report.records[kind.rawValue, default: 0] += 1
          report.files += isNew ? 1 : 0
          report.bytes += isNew ? Int64(status.st_size) : 0
        } catch let failure as any Failure where !strict && Self.isOnlyThisFile(failure) {
          skip(item, failure, &report, progress)
        }
      }
      records.raw(records.count == 0 ? "[]\n" : "\n]\n")
      report.records[kind.rawValue, default: 0] += 0
      try archive.add("\(kind.rawValue)/records.json", records.bytes)
    }
    return report
  }

  /// Returns whether the failure concerns only this file: it is missing, unreadable, or has a name that is not allowed
  /// in an archive. Nothing of it was written.
  private static func isOnlyThisFile(_ failure: any Failure) -> Bool {
    if failure is UnreadableFile { return true }
    guard let failure = failure as? ArchiveFailure, case .refused = failure.problem else { return false }
    return true
  }

  private func skip(_ item: Item, _ failure: any Failure, _ report: inout Report, _ progress: Progress) {
    report.skipped.append(Manifest.Skipped(name: "\(item.kind.rawValue)/\(item.path)", reason: failure.reason))
    let name = "\(item.kind.rawValue)/\(SafeText.clean(item.path, limit: .line))"
    // A missing folder would flood the screen; the manifest lists all skipped files.
    let shown = 20
    if report.skipped.count <= shown { progress.warn("\(name) is skipped: \(failure.reason)") }
    if report.skipped.count == shown + 1 { progress.warn("more files are skipped; manifest.json names them all") }
  }

  // MARK: File lists

  private func uploads(_ connection: Connection) throws -> [Item] {
    guard let table = scope.model[TableName.attachment] else { return [] }
    return try connection.query(
      """
      SELECT t.path_id, u.id, u.email FROM zerver_attachment t JOIN zerver_userprofile u ON u.id = t.owner_id
      WHERE \(scope.condition(for: table)) ORDER BY t.path_id COLLATE "C"
      """
    ).map { row in
      let path = row[0] ?? ""
      return Item(kind: .uploads, path: path, source: path, user: (Int64(row.int(1) ?? 0), row[2] ?? ""))
    }
  }

  private func avatars(_ connection: Connection) throws -> [Item] {
    let salt = try installation.avatarSalt()
    let realm = scope.organization.id
    let bots = scope.systemBots.map(\.id)
    // One listing instead of a look-up for each user.
    let folder = "\(installation.avatarsFolder)/\(realm)"
    let names = FileSystem.isFolder(folder) ? try FileSystem.names(in: folder) : []
    let byHash = Dictionary(grouping: names) { String($0.prefix { $0 != "." }) }
    let isVersioned = scope.traits.hasVersionedAvatars
    return try connection.query(
      """
      SELECT id, email, avatar_version FROM zerver_userprofile WHERE id = ANY($1::int[]) AND avatar_source <> 'G'
      ORDER BY id
      """, [SQL.array(scope.users + bots)]
    ).flatMap { row -> [Item] in
      let id = Int64(row.int(0) ?? 0)
      let version = Int64(row.int(2) ?? 1)
      let hashes = [
        AvatarPath.hash(user: id, version: version, salt: salt), AvatarPath.hash(user: id, salt: salt),
      ]
      // An upgraded server may still have files under their old names.
      let found = (isVersioned ? hashes : hashes.reversed()).lazy.compactMap { byHash[$0] }.first
      // The extension of a missing file is unknown. Avatars of the server's bots are part of its software.
      let missing = bots.contains(id) ? [] : ["\(hashes[isVersioned ? 0 : 1]).png"]
      return (found ?? missing).map { name in
        Item(
          kind: .avatars, path: "\(realm)/\(name)", source: "\(realm)/\(name)", user: (id, row[1] ?? ""),
          avatarVersion: isVersioned ? version : nil)
      }
    }.sorted { $0.path < $1.path }
  }

  private func emoji(_ connection: Connection) throws -> [Item] {
    let realm = scope.organization.id
    let folder = "\(realm)/emoji/images"
    return try connection.query(
      """
      SELECT file_name, author_id, name, deactivated FROM zerver_realmemoji
      WHERE realm_id = $1 AND file_name IS NOT NULL ORDER BY file_name COLLATE "C", id
      """, [String(realm)]
    ).flatMap { row -> [Item] in
      let file = row[0] ?? ""
      let paths = ["\(folder)/\(file)"] + (scope.traits.keepsEmojiOriginals ? ["\(folder)/\(file).original"] : [])
      return paths.map { path in
        Item(
          kind: .emoji, path: path, source: path,
          emoji: (row.int(1).map(Int64.init), file, row[2] ?? "", row.bool(3)))
      }
    }
  }

  private func icons() throws -> [Item] {
    let realm = scope.organization.id
    let folder = "\(installation.avatarsFolder)/\(realm)/realm"
    guard FileSystem.isFolder(folder) else { return [] }
    return try FileSystem.names(in: folder).map { name in
      // The format omits the folder `realm`.
      Item(kind: .icons, path: "\(realm)/\(name)", source: "\(realm)/realm/\(name)")
    }
  }

  // MARK: Adding

  private func folder(_ kind: Kind) throws -> Int32 {
    let path = kind == .uploads ? installation.messageFilesFolder : installation.avatarsFolder
    // The folder itself may be a symbolic link: containers keep uploads on a volume. Nothing below it may be one.
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  }

  /// - Parameter archive: nil if it contains the file already.
  private func add(_ item: Item, root: Int32, to archive: ArchiveWriter?) throws -> stat {
    let file = root < 0 ? -1 : FileSystem.openBeneath(root, item.source, O_RDONLY | O_NONBLOCK)
    guard file >= 0 else {
      throw UnreadableFile(name: item.path, reason: SystemError.text(root < 0 ? ENOENT : errno))
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw UnreadableFile(name: item.path, reason: SystemError.text(errno)) }
    // Images, videos and archives are compressed already: compressing them again costs time and gains nothing.
    let level = Self.isCompressed(item.path) ? 0 : nil
    try archive?.add("\(item.kind.rawValue)/\(item.path)", file: file, level: level)
    return status
  }

  private static func isCompressed(_ path: String) -> Bool {
    let endings = [
      ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".heic", ".mp4", ".mov", ".webm", ".mp3", ".ogg", ".m4a",
      ".zip", ".gz", ".xz", ".zst", ".bz2", ".7z", ".docx", ".xlsx", ".pptx", ".odt", ".jar", ".original",
    ]
    let path = path.lowercased()
    return endings.contains { path.hasSuffix($0) }
  }

  private func append(_ item: Item, _ status: stat, to records: JSONBuffer) {
    records.raw(records.count == 0 ? "[\n" : ",\n")
    records.raw("{\"realm_id\":")
    records.integer(scope.organization.id)
    if let user = item.user {
      records.raw(",\"user_profile_id\":")
      records.integer(user.id)
      records.raw(",\"user_profile_email\":")
      records.string(user.email)
    }
    if let version = item.avatarVersion {
      records.raw(",\"avatar_version\":")
      records.integer(version)
    }
    if let emoji = item.emoji {
      records.raw(",\"author\":")
      if let author = emoji.author { records.integer(author) } else { records.null() }
    }
    records.raw(",\"path\":")
    records.string(item.path)
    records.raw(",\"s3_path\":")
    records.string(item.path)
    if let emoji = item.emoji {
      records.raw(",\"file_name\":")
      records.string(emoji.fileName)
      records.raw(",\"name\":")
      records.string(emoji.name)
      records.raw(",\"deactivated\":")
      records.bool(emoji.isDeactivated)
    }
    if item.user != nil {
      records.raw(",\"size\":")
      records.integer(Int64(status.st_size))
      records.raw(",\"last_modified\":")
      records.seconds(
        microseconds: Self.microseconds(status.st_mtim))
      records.raw(",\"content_type\":null")
    }
    records.byte(0x7D)
  }

  /// Converts a time to microseconds; 0 if it is out of range, which a file system may contain.
  private static func microseconds(_ time: timespec) -> Int64 {
    let (whole, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000)
    return overflow ? 0 : whole.addingReportingOverflow(Int64(time.tv_nsec) / 1000).partialValue
  }
}
