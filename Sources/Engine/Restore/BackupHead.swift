import Archive
import Common
import Glibc

/// The kind and content of a backup, read without unpacking anything except a dump's table of contents.
///
/// A part counts as present once it has been seen, and as absent only when everything has been read. The statements of
/// the backup about itself are compared with its actual content.
struct BackupHead: Sendable {
  var brand: Brand?
  var serverVersion: String?
  var system: String?
  var postgresMajor: Int?
  var facts: BackupFacts?
  /// The applied migrations by app; empty if the backup does not list them.
  var migrations: [String: [String]] = [:]
  /// The small files of the settings, by name.
  var settings: [String: [UInt8]] = [:]
  var dump: DumpContents?
  /// The requirements of a plain SQL dump, which has no table of contents.
  var plain: PlainContents?
  var hasDatabase = false
  var hasSettings = false
  var hasUploads = false
  /// Contradictions within the backup; any of them makes it untrustworthy.
  var contradictions: [String] = []
  /// Wrong statements of the backup about itself, with the correct facts.
  var oddities: [String] = []
  /// The size after unpacking, in bytes; a lower bound if the archive does not state it.
  var expectedBytes: Int64 = 0
  /// When the server's own command wrote the version file, in microseconds since 1970; nil if the backup does not state
  /// it.
  var versionFileTime: Int64?
  /// The last modification of a dump that was made by hand, in microseconds since 1970.
  var dumpFileTime: Int64?
  /// The parts of a server that the backup contains.
  var holdings: BackupHoldings {
    var parts: Set<BackupHoldings.Part> = []
    if hasDatabase { parts.insert(.database) }
    if hasUploads { parts.insert(.uploads) }
    if hasSettings { parts.insert(.settings) }
    return BackupHoldings(parts, keepsUploadsElsewhere: settingsFile?.keepsUploadsInS3 ?? false)
  }

  /// The links seen in the part that was read: their targets are not in the backup.
  var links: [String] = []

  private static let textLimit: Int64 = 1 << 20

  /// The machine's configuration; nil if the backup has none that a server could parse, see ``refusal(of:)``.
  var conf: ConfFile? { try? iniFile("\(brand?.rawValue ?? "").conf") }
  var secrets: Secrets? { (try? iniFile("\(brand?.rawValue ?? "")-secrets.conf")).map(Secrets.init) }

  /// Returns why a server would refuse one of the backup's ini files; nil if it would not, or if there is no such file.
  func refusal(of name: String) -> PlainFailure? {
    do { _ = try iniFile(name) } catch { return error as? PlainFailure }
    return nil
  }

  private func iniFile(_ name: String) throws -> ConfFile? { try settings[name].map { try ConfFile($0, name: name) } }

  /// The host name of the server that was backed up.
  var host: String? {
    (settingsFile?.text("EXTERNAL_HOST") ?? facts?.hostname).map { SafeText.clean($0, limit: 100) }
  }
  var settingsFile: SettingsFile? { text("settings.py").map(SettingsFile.init) }

  func text(_ name: String) -> String? { settings[name].map { String(decoding: $0, as: UTF8.self) } }

  // MARK: Reading

  /// Reads an archive, or the folder that it was unpacked into, as far as needed.
  ///
  /// - Parameters:
  ///   - identity: the file of the private key, if the archive is encrypted.
  ///   - scratch: a folder for the dump's table of contents.
  /// - Throws: ``ArchiveFailure`` with `.unsuitable` if it is not a backup; an export given by mistake is recognized.
  static func read(
    _ path: String, identity: String? = nil, salvages: Bool = false, scratch: String, cancellation: Cancellation?,
    progress: ByteProgress? = nil
  ) throws -> BackupHead {
    var head = BackupHead()
    if FileSystem.isFolder(path) {
      try checkFolder(path)
      let reader = try FolderReader(path, cancellation: cancellation, progress: progress)
      head.expectedBytes = reader.totalBytes
      try head.read(reader, path: path, scratch: scratch)
      return head
    }
    if salvages, !Encryption.isEncrypted(path) {
      let reader = try SalvageReader(path, cancellation: cancellation, progress: progress)
      try head.read(reader, path: path, scratch: scratch)
      head.expectedBytes = FileSystem.size(path) ?? 0
      head.links = reader.skippedLinks
      return head
    }
    let stream = try Encryption.stream(of: path, identity: identity, cancellation: cancellation)
    let reader = try ArchiveReader(
      path, stream: stream, skipsLinks: true, cancellation: cancellation, progress: progress)
    try head.read(reader, path: path, scratch: scratch)
    head.expectedBytes = max(reader.expectedBytes, stream == nil ? 0 : head.facts?.uploadsBytes ?? 0)
    head.links = reader.skippedLinks
    return head
  }

  /// Returns the folder of an unpacked backup: operators often give the folder that contains it.
  static func unpackedFolder(_ path: String) -> String {
    Brand.allCases.lazy.map { "\(path)/\($0.rawValue)-backup" }.first { FileSystem.isFolder($0) } ?? path
  }

  /// Reports an unsuitable folder by the members that it lacks, before its content is checked.
  private static func checkFolder(_ path: String) throws {
    if let failure = ["realm.json", "messages-000001.json"].lazy.filter({ FileSystem.exists("\(path)/\($0)") })
      .compactMap({ ExportSigns.failure(seeing: $0, path: path) }).first
    {
      throw failure
    }
    let signs =
      Brand.allCases.map { "\($0.rawValue)-version" } + [
        BackupLayout.settings, BackupLayout.database, BackupLayout.uploads,
      ]
    guard signs.contains(where: { FileSystem.exists("\(path)/\($0)") }) else {
      throw ArchiveFailure(
        path,
        .unsuitable(
          "this folder is no backup that was unpacked: it has neither settings nor database nor uploads in it",
          remedy:
            "give the folder that the backup was unpacked into; give parts that were saved by hand with --database, "
            + "--uploads and --settings"))
    }
  }

  private mutating func read(_ source: some MemberSource, path: String, scratch: String) throws {
    var seen = Seen()
    while let member = try source.next() {
      if let failure = ExportSigns.failure(seeing: member.name, path: path) { throw failure }
      // Only a salvaging reader throws this: the content of the broken member counts as missing.
      do { try take(member, from: source, path: path, scratch: scratch, &seen) } catch is SalvageReader.Broken {}
      if hasEverything { break }
    }
    // A folder without files: the uploads of an empty server.
    hasUploads = hasUploads || source.folders.contains(BackupLayout.uploads)
    guard brand != nil || seen.hasSign || hasSettings && seen.dumpFiles > 0 else {
      throw ArchiveKind.other("an archive of something else").failure(expecting: .backup, path: path)
        ?? ArchiveFailure(path, .unsuitable("this is no backup", remedy: nil))
    }
    contradict(seen)
  }

  /// The parts of a backup seen during the reading.
  private struct Seen {
    var dumpFiles = 0
    /// Whether a file was seen that identifies the archive as a backup.
    var hasSign = false
    var brands: Set<Brand> = []
  }

  /// Whether nothing that follows could change the result.
  private var hasEverything: Bool {
    brand != nil && hasSettings && dump != nil && hasUploads && system != nil && postgresMajor != nil
  }

  /// Records contradictions between the statements of the backup and its content.
  private mutating func contradict(_ seen: Seen) {
    if seen.brands.count > 1 { contradictions.append("it says that it is of two kinds of servers") }
    if seen.dumpFiles > 0, !hasDatabase {
      contradictions.append("the dump of its database has no table of contents (\(BackupLayout.contents))")
    }
    if facts?.databaseBytes != nil, !hasDatabase, seen.dumpFiles == 0 {
      contradictions.append("it says that it holds a database, and holds none")
    }
    if let files = facts?.uploadsFiles, files > 0, !hasUploads {
      contradictions.append("it says that it holds \(Amount.of(files, "upload")), and holds none")
    }
    if let dumped = dump?.serverMajor, let said = postgresMajor, dumped != said {
      oddities.append("it says that its PostgreSQL was version \(said), but its dump is of version \(dumped)")
    }
  }

  private mutating func take(
    _ member: MemberHeader, from source: some MemberSource, path: String, scratch: String, _ seen: inout Seen
  ) throws {
    let name = member.name
    if BackupSigns.names.contains(name) { seen.hasSign = true }
    let part = BackupHoldings.Part(member: name)
    switch part {
    case .database?: hasDatabase = true
    case .settings?: hasSettings = true
    case .uploads?: hasUploads = true
    case nil: break
    }
    switch name {
    case "aloha-version", "zulip-version":
      brand = name == "aloha-version" ? .aloha : .zulip
      if let brand { seen.brands.insert(brand) }
      let version = try firstLine(source, path)
      serverVersion = version.isEmpty || version == "unknown" ? nil : version
      // Backups of this program set no modification times on their members.
      if (1...Moment.lastSecond).contains(member.modified) { versionFileTime = member.modified * 1_000_000 }
    case BackupLayout.systemFile: system = try firstLine(source, path)
    case BackupLayout.postgresFile: postgresMajor = PostgresTools.majorVersion(try firstLine(source, path))
    case BackupFacts.fileName:
      facts = BackupFacts.decode(try source.contents(limit: Self.textLimit, of: path))
      // A server may have no uploads yet.
      hasUploads = hasUploads || facts?.uploadsFiles == 0
    case MigrationStatus.fileName:
      migrations = MigrationStatus.decode(try source.contents(limit: 16 << 20, of: path))
    case BackupLayout.contents: dump = try contents(source, path: path, scratch: scratch)
    case _ where part == .settings:
      guard member.size <= Self.textLimit else { return }
      settings[String(name.dropFirst(BackupLayout.settings.count + 1))] = try source.contents(
        limit: Self.textLimit, of: path)
    case _ where name.hasPrefix("\(BackupLayout.database)/"): seen.dumpFiles += 1
    default: break
    }
  }

  private func firstLine(_ source: some MemberSource, _ path: String) throws -> String {
    let text = String(decoding: try source.contents(limit: Self.textLimit, of: path), as: UTF8.self)
    return SafeText.clean(text.split(separator: "\n").first ?? "", limit: 100)
  }

  private func contents(_ source: some MemberSource, path: String, scratch: String) throws -> DumpContents {
    let folder = "\(scratch)/contents-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder(folder)
    defer { try? FileSystem.removeTree(folder) }
    let bytes = try source.contents(limit: 256 << 20, of: path)
    try FileSystem.replace("\(folder)/toc.dat", with: bytes)
    // The newest installed version can read the dumps of all earlier ones.
    guard let tools = PostgresTools.installed().max(by: { $0.major < $1.major }) else {
      throw PlainFailure(
        .configuration, "pg_restore", "is not installed on this machine",
        remedy: "apt-get install postgresql-client")
    }
    return try DumpContents.read(folder, tools: tools)
  }
}

/// Recognizes an export by its first members, before the whole archive is read.
private enum ExportSigns {
  static func failure(seeing name: String, path: String) -> ArchiveFailure? {
    let isExport = name == "realm.json" || (name.hasPrefix("messages-") && name.hasSuffix(".json"))
    // The member that names the organization comes later in the archive.
    guard isExport else { return nil }
    return ArchiveFailure(
      path, .unsuitable("this is an export of an organization, not a backup of a server", remedy: "use import for it"))
  }
}
