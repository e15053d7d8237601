import Archive
import Common
import Glibc
import Operations
import Postgres
import Server

/// All facts that are determined before a restore: the server, the backup, the places, the administrator's access, the
/// folder for the dump. Changes nothing; temporary files are deleted with the object.
final class RestorePreparation {
  let installation: Installation
  let options: RestoreOptions
  /// The source of the restore, with a copied volume split into its parts.
  let source: RestoreSource
  let id: String
  let head: BackupHeader
  let places: [RestorePlace]
  let access: Result<AdministratorAccess, any Error>
  /// The folder for the dump.
  let work: String?
  /// The archive to read. Nil for manual backups.
  let archive: String?
  /// The dump of a manual backup.
  let dump: DumpFile?
  private let scratch: ScratchFolder

  /// - Parameters:
  ///   - brand: nil: the brand that is installed, otherwise that of the backup.
  init(
    root: String, brand: Brand?, options: RestoreOptions, id: String, cancellation: Cancellation?,
    progress: ByteProgress? = nil
  ) throws {
    ScratchFolder.removeLeftOvers()
    let places = options.workFolder.map { [$0] } ?? ScratchFolder.places
    scratch = try ScratchFolder(in: ScratchFolder.place(among: places, for: nil) ?? "/tmp")
    self.options = options
    self.id = id
    var head = BackupHeader()
    switch try options.source.resolved() {
    case .archive(let path):
      source = options.source
      dump = nil
      let place = FileSystem.isFolder(path) ? BackupHeader.unpackedFolder(path) : path
      archive = place
      do {
        head = try BackupHeader.read(
          place, identity: options.identity, salvages: options.salvages, scratch: scratch.path,
          cancellation: cancellation, progress: progress)
      } catch let failure as any Failure where failure.family == .damagedArchive {
        throw SalvageAdvice.adding(to: failure, of: place, options, root: root)
      }
    case .manual(let parts):
      archive = nil
      let backup = try parts.assembled(root: root, in: scratch.path)
      source = .manual(backup)
      dump = try backup.database.map { try DumpFile.recognize($0) }
      head = try Self.head(of: backup, dump: dump, scratch: scratch.path, cancellation: cancellation)
    }
    installation = try Self.installation(root: root, brand: brand, head: head)
    head.brand = head.brand ?? installation.brand
    self.head = head
    access = Result { [installation] in try AdministratorAccess.find(installation, options.administrator) }
    self.places = Self.places(installation, id: id)
    work = Self.workPlace(options, access)
  }

  var database: StagingDatabase? {
    guard head.hasDatabase else { return nil }
    let own = installation.databaseParameters()
    return StagingDatabase(live: own.database, owner: own.user, id: id)
  }

  /// The file that lists the lost files of a damaged backup.
  var lossesFile: String { "\(RestoreState(root: installation.root).folder)/\(id)-lost.txt" }

  /// The places that this restore replaces.
  var replaced: [RestorePlace] {
    places.filter { place in
      place.part.hasPrefix(BackupLayout.settings) ? head.hasSettings && !options.keepsSettings : head.hasUploads
    }
  }

  func findings() -> [Finding] { checks.findings() }

  var checks: RestoreChecks {
    RestoreChecks(
      installation: installation, options: options, head: head, places: places, access: access, work: work,
      export: export)
  }

  /// The exports before the exchange; nil if none are requested.
  var export: ServerExport? {
    options.exportFirst.map { ServerExport(installation, $0, places: places, id: id) }
  }

  // MARK: Parts

  /// Returns the facts of a backup made by hand.
  static func head(
    of backup: ManualBackup, dump: DumpFile?, scratch: String, cancellation: Cancellation?
  ) throws -> BackupHeader {
    var head = BackupHeader()
    head.hasDatabase = dump != nil
    head.hasUploads = backup.uploads != nil
    if let dump {
      head.expectedBytes += FileSystem.isFolder(dump.path) ? 0 : FileSystem.size(dump.path) ?? 0
      head.plain = try dump.plainContents(cancellation: cancellation)
      head.dumpFileTime = FileSystem.lastChange(dump.form == .directory ? "\(dump.path)/toc.dat" : dump.path)
      if !dump.isPlain,
        let tools = PostgresTools.installed().max(by: { $0.major < $1.major })
      {
        head.dump = try dump.contents(tools: tools)
        head.postgresMajor = head.dump?.serverMajor
      }
    }
    for folder in [backup.uploads, backup.settings].compactMap({ $0 }) where !FileSystem.exists(folder) {
      throw ArchiveFailure(folder, .missing)
    }
    if let settings = backup.settings {
      head.settings = try ManualSettings.read(settings, cancellation: cancellation)
      head.brand = Brand.allCases.first { head.settings["\($0.rawValue)-secrets.conf"] != nil }
      head.settingsFaults = ServerSettingsFiles(head.settings, brand: head.brand).faults
      head.hasSettings = head.settingsFaults.isEmpty
    }
    return head
  }

  /// Returns the installed server; if its settings are lost, the server as the backup describes it.
  private static func installation(root: String, brand: Brand?, head: BackupHeader) throws -> Installation {
    do {
      return try Installation(root: root, brand: brand)
    } catch let failure as PlainFailure where failure.family == .configuration {
      guard let brand = brand ?? head.brand, let settings = head.settingsFile, let secrets = head.secrets else {
        throw failure
      }
      return Installation(
        root: root, brand: brand, configuration: head.conf ?? ConfFile(),
        settings: settings.placed(in: Container.find(root: root, brand: brand)), secrets: secrets)
    }
  }

  private static func places(_ installation: Installation, id: String) -> [RestorePlace] {
    let settings = RestorePlace.find(
      installation.configurationFolder, part: BackupLayout.settings, id: id, root: installation.root)
    let uploads = RestorePlace.find(
      installation.uploadsFolder, part: BackupLayout.uploads, id: id, root: installation.root)
    return settings + uploads
  }

  /// Returns the system user who reads the dump for the database's administrator; nil for the current user.
  static func user(of access: AdministratorAccess) -> String? {
    ToolRun(tools: PostgresTools(folder: "", major: 0, version: ""), parameters: access.parameters).user
  }

  private static func workPlace(_ options: RestoreOptions, _ access: Result<AdministratorAccess, any Error>) -> String?
  {
    let user = (try? access.get()).flatMap(user(of:))
    return ScratchFolder.place(among: options.workFolder.map { [$0] } ?? ScratchFolder.places, for: user)
  }
}

/// The settings of a manual backup: a folder, or an archive of one.
enum ManualSettings {
  static func read(_ path: String, cancellation: Cancellation?) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    func take(_ source: some MemberSource) throws {
      while let member = try source.next() {
        guard member.size <= 1 << 20 else { continue }
        files[member.name] = try source.contents(limit: 1 << 20, of: path)
      }
    }
    if FileSystem.isFolder(path) {
      try take(FolderReader(path, cancellation: cancellation))
    } else {
      try take(ArchiveReader(path, skipsLinks: true, cancellation: cancellation))
    }
    return files
  }
}
