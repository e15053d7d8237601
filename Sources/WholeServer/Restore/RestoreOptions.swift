import Common
import Server

/// The source of a restore.
public enum RestoreSource: Sendable, Codable, Equatable {
  /// A backup of this program or of the server's own command, encrypted by age or not, or the folder it was unpacked
  /// into.
  case archive(String)
  /// Parts that an operator saved by hand.
  case manual(ManualBackup)

  /// The source as texts name it.
  public var label: String {
    switch self {
    case .archive(let path): SafeText.clean(path, limit: .path)
    case .manual(let backup):
      [backup.data, backup.database, backup.uploads, backup.settings].compactMap { $0 }.map {
        SafeText.clean($0, limit: .line)
      }
      .joined(separator: ", ")
    }
  }
}

extension RestoreSource {
  /// The same as words of the command line.
  var words: [String] {
    switch self {
    case .archive(let path): [path]
    case .manual(let backup): backup.words
    }
  }
}

extension ManualBackup {
  var words: [String] {
    [("--data", data), ("--database", database), ("--settings", settings), ("--uploads", uploads)]
      .flatMap { option, path in path.map { [option, $0] } ?? [] }
  }
}

/// The parts of a backup made by hand; what is nil stays as it is on the server.
public struct ManualBackup: Sendable, Codable, Equatable {
  /// Any output of pg_dump: a directory, a custom or tar file, or plain SQL, gzipped or not.
  public var database: String?
  /// A copy of the configuration folder, or an archive of one.
  public var settings: String?
  /// A copy of the uploads folder, which contains `files` and `avatars`, or an archive of one.
  public var uploads: String?
  /// A copy of a container's volume `/data`, see ``DataFolder``: provides its uploads, its settings or secrets, and its
  /// newest dump, unless these are given separately.
  public var data: String?
  /// The file of secrets alone, if no other settings were saved with it.
  var secrets: String?

  public init(database: String? = nil, settings: String? = nil, uploads: String? = nil, data: String? = nil) {
    self.data = data
    self.database = database
    self.settings = settings
    self.uploads = uploads
  }
}

public struct RestoreOptions: Sendable, Codable, Equatable {
  public var source: RestoreSource
  /// Leaves all settings and secrets of the server unchanged.
  public var keepsSettings = false
  /// Leaves aloha.conf, which belongs to the machine, unchanged.
  public var keepsConfiguration = false
  /// The host name of the restored server; nil: as in the backup.
  public var externalHost: String?
  /// Allows a backup that does not contain a whole server: missing parts are not changed.
  public var allowsPartial = false
  /// Restores the undamaged files of a damaged backup, and reports the lost ones. The database has to be undamaged.
  public var salvages = false
  /// Allows different versions of server and backup.
  public var ignoresVersions = false
  /// The file with age's private key, for an encrypted backup.
  public var identity: String?
  /// The folder for the dump until it is in the database; nil: /var/tmp.
  public var workFolder: String?
  /// The number of parallel sessions of the restore; nil: one per processor, at most four.
  public var parallel: Int?
  public var administrator = AdministratorAccess.Wish()
  /// Exports each organization of the server first; nil: the old state is kept, and nothing is exported.
  public var exportFirst: ExportFirst?

  public init(_ source: RestoreSource) { self.source = source }

  public init(archive: String) { self.init(.archive(archive)) }

  /// The same as words of the command line, the source among them.
  var words: [String] {
    var words = source.words
    if let identity { words += ["--identity", identity] }
    if keepsSettings { words.append("--keep-settings") }
    if keepsConfiguration { words.append("--keep-alohaconf") }
    if let externalHost { words += ["--external-host", externalHost] }
    if salvages { words.append("--salvage") }
    if allowsPartial { words.append("--partial") }
    if ignoresVersions { words.append("--ignore-versions") }
    if let workFolder { words += ["--work-folder", workFolder] }
    if let parallel { words += ["--parallel", "\(parallel)"] }
    if let user = administrator.user { words += ["--database-administrator", user] }
    if let file = administrator.passwordFile { words += ["--database-password-file", file] }
    if let exportFirst { words += exportFirst.folder.map { ["--export-folder", $0] } ?? ["--export-first"] }
    return words
  }

  var exportsFirst: Bool { exportFirst != nil }

  var workers: Int { max(1, min(parallel ?? min(WorkerThread.processors, 4), 32)) }
}
