import Archive
import Common
import Glibc
import Operations
import Server

/// The kind and content of a backup, read without unpacking anything except a dump's table of contents.
///
/// It is read to its end: its parts are decided by all of its members, see ``BackupMembers``, never by those that come
/// first.
struct BackupHeader: Sendable {
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
  /// The damaged and missing files of the database and of the settings; only determined for a salvage.
  var damagedEssentials: [String] = []
  /// The reasons why no server starts with the settings in it; empty if one does, or if there are none.
  var settingsFaults: [String] = []
  /// Whether the backup lists a digest of each file.
  var hasDigests = false
  /// The number of uploads that the backup states and does not contain.
  var lackedUploads: Int64 = 0
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

  /// The links in it: their targets are not in the backup.
  var links: [String] = []

  /// The machine's configuration; nil if the backup has none that a server could parse.
  var conf: ConfFile? { try? iniFile("\(brand?.rawValue ?? "").conf") }
  var secrets: Secrets? { (try? iniFile("\(brand?.rawValue ?? "")-secrets.conf")).map(Secrets.init) }

  private func iniFile(_ name: String) throws -> ConfFile? { try settings[name].map { try ConfFile($0, name: name) } }

  /// The host name of the server that was backed up.
  var host: String? {
    (settingsFile?.text("EXTERNAL_HOST") ?? facts?.hostname).map { SafeText.clean($0, limit: .name) }
  }
  var settingsFile: SettingsFile? { text("settings.py").map(SettingsFile.init) }

  func text(_ name: String) -> String? { settings[name].map { String(decoding: $0, as: UTF8.self) } }

  // MARK: Reading

  /// Reads an archive, or the folder that it was unpacked into, to the end.
  ///
  /// - Parameters:
  ///   - identity: the file of the private key, if the archive is encrypted.
  ///   - scratch: a folder for the dump's table of contents.
  /// - Throws: ``ArchiveFailure`` with `.unsuitable` if it is not a backup; an export given by mistake is recognized.
  static func read(
    _ path: String, identity: String? = nil, salvages: Bool = false, scratch: String, cancellation: Cancellation?,
    progress: ByteProgress? = nil
  ) throws -> BackupHeader {
    var head = BackupHeader()
    if FileSystem.isFolder(path) {
      try checkFolder(path)
      let reader = try FolderReader(path, cancellation: cancellation, progress: progress)
      head.expectedBytes = reader.totalBytes
      try head.read(reader, path: path, scratch: scratch, salvages: salvages)
      return head
    }
    let stream = try Encryption.stream(of: path, identity: identity, cancellation: cancellation)
    if salvages {
      let reader = try SalvageReader(path, stream: stream, cancellation: cancellation, progress: progress)
      try head.read(reader, path: path, scratch: scratch, salvages: true)
      head.expectedBytes = FileSystem.size(path) ?? 0
      head.links = reader.skippedLinks
      return head
    }
    let reader = try ArchiveReader(
      path, stream: stream, skipsLinks: true, cancellation: cancellation, progress: progress)
    try head.read(reader, path: path, scratch: scratch, salvages: false)
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

  private mutating func read(_ source: some MemberSource, path: String, scratch: String, salvages: Bool) throws {
    var members = BackupMembers()
    var sizes = MemberSizes()
    var manifest: Manifest?
    var intact: [Member] = []
    var broken: [String] = []
    while let header = try source.next() {
      if let failure = ExportSigns.failure(seeing: header.name, path: path) { throw failure }
      sizes.see(header)
      // Only a salvage throws this: the content of that member is lost.
      do {
        if header.name == Manifest.fileName {
          let bytes = try source.contents(limit: Limits.standard.manifestBytes, of: path)
          manifest = salvages ? try? Manifest.decode(bytes, archive: path) : try Manifest.decode(bytes, archive: path)
        } else if salvages, Self.isEssential(header.name) {
          let isWanted = members.see(header)
          var bytes: [UInt8] = []
          intact.append(
            try ArchiveCheck.member(header, from: source) { if isWanted { bytes.append(contentsOf: $0) } })
          if isWanted { members.take(header, bytes) }
        } else if members.see(header) {
          members.take(header, try source.contents(limit: header.size, of: path))
        }
      } catch is SalvageReader.Broken {
        if Self.isEssential(header.name) { broken.append(header.name) }
      }
    }
    if let manifest, !salvages { try ArchiveCheck.checkNames(sizes, against: manifest, path: path) }
    if salvages {
      damagedEssentials = manifest.map { ArchiveCheck.damaged(intact, against: $0, where: Self.isEssential) } ?? broken
    }
    members.finish(folders: source.folders, manifest: manifest)
    guard members.brand != nil || members.hasSign else {
      throw ArchiveKind.other("an archive of something else").failure(expecting: .backup, path: path)
        ?? ArchiveFailure(path, .unsuitable("this is no backup", remedy: nil))
    }
    try members.readDump(scratch: scratch)
    hasDigests = manifest != nil
    take(members)
  }

  /// Whether a server cannot be restored without the member: a file of the database or of the settings.
  private static func isEssential(_ name: String) -> Bool {
    name.hasPrefix("\(BackupLayout.database)/") || name.hasPrefix("\(BackupLayout.settings)/")
  }

  private mutating func take(_ members: BackupMembers) {
    brand = members.brand
    serverVersion = members.serverVersion
    system = members.system
    postgresMajor = members.postgresMajor
    facts = members.facts
    migrations = members.migrations
    settings = members.settings
    dump = members.dump
    hasDatabase = members.hasDatabase
    hasSettings = members.hasSettings
    settingsFaults = settings.isEmpty ? [] : members.settingsFaults
    hasUploads = members.hasUploads
    contradictions = members.contradictions
    oddities = members.oddities
    lackedUploads = members.lackedUploads
    versionFileTime = members.versionFileTime
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
