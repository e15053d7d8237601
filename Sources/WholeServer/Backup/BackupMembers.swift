import Archive
import Common
import Operations
import Server

/// The member list of a backup and its small files: the one rule for the parts of a backup and for what is wrong with it.
///
/// `inspect`, `verify`, `prune`, rehearsals and restores read a backup to its end with it, so that they agree whatever
/// the order of the members is.
package struct BackupMembers {
  private(set) var brands: Set<Brand> = []
  /// The brand of the last version file.
  private(set) var brand: Brand?
  private(set) var serverVersion: String?
  private(set) var system: String?
  private(set) var postgresMajor: Int?
  private(set) var facts: BackupFacts?
  /// The applied migrations by app; empty if the backup does not list them.
  private(set) var migrations: [String: [String]] = [:]
  /// The small files of the settings, by name.
  private(set) var settings: [String: [UInt8]] = [:]
  /// The table of contents of the dump; nil until ``readDump(scratch:)``.
  private(set) var dump: DumpContents?
  private(set) var uploads: Int64 = 0
  /// When the server's own command wrote the version file, in microseconds since 1970; nil if it is not stated.
  private(set) var versionFileTime: Int64?
  /// The names of the files of the dump.
  private(set) var dumpFiles: Set<String> = []

  private var migrationsFault: String?
  private var contents: [UInt8]?
  private var hasContents = false
  private var hasAnySettings = false
  private var hasPostgresFile = false
  private var folders: Set<String> = []
  private var manifest: Manifest?

  private static let textLimit: Int64 = 1 << 20
  private static let migrationsLimit: Int64 = 16 << 20
  private static let contentsLimit: Int64 = 256 << 20

  // MARK: Reading

  /// Records a member. Must be called with every member, in any order.
  ///
  /// - Returns: whether ``take(_:_:)`` needs its bytes.
  mutating func see(_ header: MemberHeader) -> Bool {
    let name = header.name
    if name.hasPrefix("\(BackupLayout.uploads)/") { uploads += 1 }
    if name.hasPrefix("\(BackupLayout.settings)/") { hasAnySettings = true }
    if name.hasPrefix("\(BackupLayout.database)/") {
      dumpFiles.insert(String(name.dropFirst(BackupLayout.database.count + 1)))
    }
    if name == BackupLayout.contents { hasContents = true }
    return Self.limit(of: name).map { header.size <= $0 } ?? false
  }

  /// The largest size of a member whose bytes are needed; nil for others.
  private static func limit(of name: String) -> Int64? {
    switch name {
    case BackupLayout.contents: contentsLimit
    case MigrationStatus.fileName: migrationsLimit
    case BackupFacts.fileName, BackupLayout.systemFile, BackupLayout.postgresFile: textLimit
    case _ where Brand.allCases.contains { name == BackupLayout.versionFile($0) }: textLimit
    case _ where name.hasPrefix("\(BackupLayout.settings)/"): textLimit
    default: nil
    }
  }

  /// Takes the bytes of a member that ``see(_:)`` asked for.
  mutating func take(_ header: MemberHeader, _ bytes: [UInt8]) {
    let name = header.name
    switch name {
    case BackupLayout.contents: contents = bytes
    case MigrationStatus.fileName:
      migrations = MigrationStatus.decode(bytes)
      migrationsFault = MigrationStatus.fault(bytes)
    case BackupFacts.fileName: facts = BackupFacts.decode(bytes)
    case BackupLayout.systemFile: system = Self.firstLine(bytes).flatMap { $0 == "unknown" ? nil : $0 }
    case BackupLayout.postgresFile:
      hasPostgresFile = true
      postgresMajor = Self.firstLine(bytes).flatMap { PostgresTools.majorVersion($0) }
    case _ where name.hasPrefix("\(BackupLayout.settings)/"):
      settings[String(name.dropFirst(BackupLayout.settings.count + 1))] = bytes
    default:
      guard let brand = Brand.allCases.first(where: { name == BackupLayout.versionFile($0) }) else { return }
      self.brand = brand
      brands.insert(brand)
      serverVersion = Self.firstLine(bytes).flatMap { $0 == "unknown" ? nil : $0 }
      // Backups of this program have no times of members.
      if (1...Timestamp.lastSecond).contains(header.modified) { versionFileTime = header.modified * 1_000_000 }
    }
  }

  /// Records what is known only at the end.
  ///
  /// - Parameters:
  ///   - folders: the folders at the top of the backup: uploads may be a folder without files.
  ///   - manifest: the backup's own list; nil for backups of the server's own command.
  mutating func finish(folders: Set<String>, manifest: Manifest?) {
    self.folders = folders
    self.manifest = manifest
  }

  /// Reads the dump's table of contents, if there is one.
  ///
  /// - Parameter scratch: a private folder.
  /// - Throws: `.configuration` if pg_restore is not installed; `.damagedArchive` if pg_restore cannot read it.
  mutating func readDump(scratch: String) throws {
    guard let contents else { return }
    // The newest version reads the dumps of all earlier ones.
    guard let tools = PostgresTools.installed().max(by: { $0.major < $1.major }) else {
      throw PlainFailure(
        .configuration, "pg_restore", "is not installed on this machine",
        remedy: "apt-get install postgresql-client")
    }
    let folder = "\(scratch)/contents-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder(folder)
    defer { try? FileSystem.removeTree(folder) }
    try FileSystem.replace("\(folder)/toc.dat", with: contents)
    dump = try DumpContents.read(folder, tools: tools)
  }

  private static func firstLine(_ bytes: [UInt8]) -> String? {
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? ""
    let text = SafeText.clean(line, limit: .name).trimmed
    return text.isEmpty ? nil : text
  }

  // MARK: Parts

  package var hasDatabase: Bool { hasContents }

  /// Whether the uploads of the server are in it. A server may have none yet; but none of the files that its messages
  /// name is the sign of a disk that was not mounted.
  var hasUploads: Bool {
    if uploads > 0 { return true }
    let areDeclared =
      folders.contains(BackupLayout.uploads) || facts?.uploadsFiles == 0
      || manifest?.options[BackupLayout.uploads] == "whole"
    return areDeclared && skippedUploads == 0
  }

  private var skippedUploads: Int64 {
    Int64(manifest?.skipped.count { $0.name.hasPrefix("\(BackupLayout.uploads)/") } ?? 0)
  }

  /// Whether a server can be started with the settings in it.
  var hasSettings: Bool { settingsFaults.isEmpty }

  /// The reasons why no server starts with the settings in it.
  var settingsFaults: [String] { ServerSettingsFiles(settings, brand: brand).faults }

  package var holdings: BackupHoldings {
    var parts: Set<BackupHoldings.Part> = []
    if hasDatabase { parts.insert(.database) }
    if hasUploads { parts.insert(.uploads) }
    if hasSettings { parts.insert(.settings) }
    return BackupHoldings(
      parts, keepsUploadsElsewhere: ServerSettingsFiles(settings, brand: brand).settings?.keepsUploadsInS3 ?? false)
  }

  /// Whether anything in it is a sign of a backup, apart from a version file.
  package var hasSign: Bool {
    hasContents || !BackupSigns.names.isDisjoint(with: settings.keys.map { "settings/\($0)" })
  }

  // MARK: Faults

  /// The reasons why the backup cannot be restored; empty for an intact one.
  package var contradictions: [String] {
    var found: [String] = []
    if brands.count > 1 { found.append("it says that it is of two kinds of servers") }
    if !dumpFiles.isEmpty, !hasContents {
      found.append("the dump of its database has no table of contents (\(BackupLayout.contents))")
    }
    if facts?.databaseBytes != nil, !hasContents, dumpFiles.isEmpty {
      found.append("it says that it contains a database, and contains none")
    }
    if let files = facts?.uploadsFiles, files > 0, uploads == 0 {
      found.append("it says that it contains \(Amount.of(files, "upload")), and contains none")
    }
    if let dump {
      let missing = DumpFiles.missing(dump, among: dumpFiles)
      if let first = missing.first {
        found.append("its dump lacks \(Amount.of(Int64(missing.count), "file")) with rows, the first is \(first)")
      }
    }
    return found
  }

  /// Unusual properties that an operator must know before a restore.
  package var oddities: [String] {
    var found: [String] = []
    if hasAnySettings, let first = settingsFaults.first {
      found.append("its settings cannot be restored: \(first)")
    }
    if let dumped = dump?.serverMajor, let stated = postgresMajor, dumped != stated {
      found.append("it says that its PostgreSQL was version \(stated), but its dump is of version \(dumped)")
    }
    if hasPostgresFile, postgresMajor == nil {
      found.append("its \(BackupLayout.postgresFile) does not state a version of PostgreSQL")
    }
    if let migrationsFault {
      found.append(
        "its \(MigrationStatus.fileName) is not what a server writes (\(migrationsFault)), so that the versions of the "
          + "databases cannot be compared")
    }
    if lackedUploads > 0, uploads > 0 {
      found.append(
        "it says that it contains \(Amount.of(facts?.uploadsFiles ?? 0, "upload")), and contains \(Amount.count(uploads))"
      )
    }
    return found
  }

  /// The number of uploads that the backup states and does not contain. With a manifest, the manifest decides.
  var lackedUploads: Int64 {
    guard manifest == nil, let files = facts?.uploadsFiles else { return 0 }
    return max(0, files.subtractingReportingOverflow(uploads).partialValue)
  }
}
