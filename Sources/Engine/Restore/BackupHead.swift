import Archive
import Common
import Glibc

/// What a backup says about itself at its beginning: read without unpacking anything but a dump's table of contents.
struct BackupHead: Sendable {
  var brand: Brand?
  var serverVersion: String?
  var system: String?
  var postgresMajor: Int?
  var facts: BackupFacts?
  /// Applied migrations by app; empty where the backup does not list them.
  var migrations: [String: [String]] = [:]
  /// Small files of the settings, by name.
  var settings: [String: [UInt8]] = [:]
  var dump: DumpContents?
  /// What a dump in plain SQL asks for, which has no table of contents.
  var plain: PlainContents?
  var hasDatabase = false
  var hasSettings = false
  var hasUploads = false
  /// What unpacking will take; a lower bound where the archive does not tell.
  var expectedBytes: Int64 = 0
  /// When the server's own command has written the version file, in microseconds since 1970; nil where it does not say.
  var versionFileTime: Int64?
  /// The last change of a dump that was made by hand, in microseconds since 1970.
  var dumpFileTime: Int64?
  /// Links in it, as far as it was read: nothing of what they led to is in the backup.
  var links: [String] = []

  private static let textLimit: Int64 = 1 << 20

  /// The machine's configuration; nil where the backup has none that a server could read, see ``refusal(of:)``.
  var conf: ConfFile? { try? iniFile("\(brand?.rawValue ?? "").conf") }
  var secrets: Secrets? { (try? iniFile("\(brand?.rawValue ?? "")-secrets.conf")).map(Secrets.init) }

  /// Why a server would refuse one of the backup's ini files; nil where it would not, or where there is no such file.
  func refusal(of name: String) -> PlainFailure? {
    do { _ = try iniFile(name) } catch { return error as? PlainFailure }
    return nil
  }

  private func iniFile(_ name: String) throws -> ConfFile? { try settings[name].map { try ConfFile($0, name: name) } }

  /// The name under which people reached the server.
  var host: String? {
    (settingsFile?.text("EXTERNAL_HOST") ?? facts?.hostname).map { SafeText.clean($0, limit: 100) }
  }
  var settingsFile: SettingsFile? { text("settings.py").map(SettingsFile.init) }

  func text(_ name: String) -> String? { settings[name].map { String(decoding: $0, as: UTF8.self) } }

  // MARK: Reading

  /// Reads an archive, or the folder that it was unpacked into, as far as is needed.
  ///
  /// - Parameters:
  ///   - identity: the file of the private key, where the archive is encrypted.
  ///   - scratch: a folder for the dump's table of contents.
  /// - Throws: ``ArchiveFailure`` with `.unsuitable` where it is no backup: an export given by mistake is recognised.
  static func read(
    _ path: String, identity: String? = nil, scratch: String, cancellation: Cancellation?
  ) throws -> BackupHead {
    var head = BackupHead()
    if FileSystem.isFolder(path) {
      try checkFolder(path)
      let reader = try FolderReader(path, cancellation: cancellation)
      head.expectedBytes = reader.totalBytes
      try head.read(reader, path: path, scratch: scratch)
      return head
    }
    let stream = try Encryption.stream(of: path, identity: identity, cancellation: cancellation)
    let reader = try ArchiveReader(path, stream: stream, skipsLinks: true, cancellation: cancellation)
    try head.read(reader, path: path, scratch: scratch)
    head.expectedBytes = max(reader.expectedBytes, stream == nil ? 0 : head.facts?.uploadsBytes ?? 0)
    head.links = reader.skippedLinks
    return head
  }

  /// The folder of a backup that was unpacked: whoever unpacks one gives the folder around it as often as not.
  static func unpackedFolder(_ path: String) -> String {
    Brand.allCases.lazy.map { "\(path)/\($0.rawValue)-backup" }.first { FileSystem.isFolder($0) } ?? path
  }

  /// Other folders are told by what they lack, before what they hold is complained about.
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
            "give the folder that backup's archive was unpacked into; parts that were put aside by hand are given "
            + "with --database, --uploads and --settings"))
    }
  }

  private mutating func read(_ source: some MemberSource, path: String, scratch: String) throws {
    while let member = try source.next() {
      if let failure = ExportSigns.failure(seeing: member.name, path: path) { throw failure }
      try take(member, from: source, path: path, scratch: scratch)
      if isEnough { break }
    }
    guard brand != nil || hasSettings || hasDatabase else {
      throw ArchiveKind.other("an archive of something else").failure(expecting: .backup, path: path)
        ?? ArchiveFailure(path, .unsuitable("this is no backup", remedy: nil))
    }
  }

  /// Our own backups tell at their beginning whether uploads follow; others have to be read up to the first.
  private var isEnough: Bool {
    guard brand != nil, hasSettings else { return false }
    if let facts { return dump != nil || (facts.databaseBytes == nil && hasUploads) }
    return hasUploads
  }

  private mutating func take(
    _ member: MemberHeader, from source: some MemberSource, path: String, scratch: String
  ) throws {
    let name = member.name
    switch name {
    case "aloha-version", "zulip-version":
      brand = name == "aloha-version" ? .aloha : .zulip
      let version = try firstLine(source, path)
      serverVersion = version.isEmpty || version == "unknown" ? nil : version
      // This program's own backups give their members no time.
      if member.modified > 0 {
        versionFileTime = member.modified.multipliedReportingOverflow(by: 1_000_000).partialValue
      }
    case BackupLayout.systemFile: system = try firstLine(source, path)
    case BackupLayout.postgresFile: postgresMajor = PostgresTools.majorVersion(try firstLine(source, path))
    case BackupFacts.fileName:
      facts = BackupFacts.decode(try source.contents(limit: Self.textLimit, of: path))
      hasUploads = facts?.uploadsFiles != nil
    case MigrationStatus.fileName:
      migrations = MigrationStatus.decode(try source.contents(limit: 16 << 20, of: path))
    case BackupLayout.contents:
      hasDatabase = true
      dump = try contents(source, path: path, scratch: scratch)
    default:
      if name.hasPrefix("\(BackupLayout.settings)/") {
        hasSettings = true
        guard member.size <= Self.textLimit else { return }
        settings[String(name.dropFirst(BackupLayout.settings.count + 1))] = try source.contents(
          limit: Self.textLimit, of: path)
      } else if name.hasPrefix("\(BackupLayout.database)/") {
        hasDatabase = true
      } else if name.hasPrefix("\(BackupLayout.uploads)/") {
        hasUploads = true
      }
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
    // Whichever is installed: the newest reads the dumps of all that came before.
    guard let tools = PostgresTools.installed().max(by: { $0.major < $1.major }) else {
      throw PlainFailure(
        .configuration, "pg_restore", "is not installed on this machine",
        remedy: "apt-get install postgresql-client")
    }
    return try DumpContents.read(folder, tools: tools)
  }
}

/// Signs that an archive is an export, seen before it has been read to its end.
private enum ExportSigns {
  static func failure(seeing name: String, path: String) -> ArchiveFailure? {
    let isExport = name == "realm.json" || (name.hasPrefix("messages-") && name.hasSuffix(".json"))
    // Whose it is, stands further behind.
    guard isExport else { return nil }
    return ArchiveFailure(
      path, .unsuitable("this is an export of an organization, not a backup of a server", remedy: "use import for it"))
  }
}
