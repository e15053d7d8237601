import Common

/// What a server is restored from.
public enum RestoreSource: Sendable, Codable, Equatable {
  /// A backup: of this program or of the server's own command, encrypted by age or not, or the folder it was unpacked
  /// into.
  case archive(String)
  /// What an operator has put aside by hand.
  case manual(ManualBackup)

  /// How texts name it.
  public var label: String {
    switch self {
    case .archive(let path): SafeText.clean(path, limit: 300)
    case .manual(let backup):
      [backup.data, backup.database, backup.uploads, backup.settings].compactMap { $0 }.map {
        SafeText.clean($0, limit: 200)
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
  /// Whatever pg_dump writes: a directory, a custom or tar file, or plain SQL, gzipped or not.
  public var database: String?
  /// A copy of the configuration folder, or an archive of one.
  public var settings: String?
  /// A copy of the uploads folder, the one that holds `files` and `avatars`, or an archive of one.
  public var uploads: String?
  /// A copy of a container's volume `/data`, see ``DataFolder``: its uploads, its settings or secrets, and its newest dump,
  /// as far as none of these is given by itself.
  public var data: String?
  /// The file of secrets alone, where no other settings were kept with it.
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
  /// Leaves all of the server's settings and secrets as they are.
  public var keepsSettings = false
  /// Leaves aloha.conf, which belongs to the machine, as it is.
  public var keepsConfiguration = false
  /// The name under which people reach the restored server; nil: as in the backup.
  public var externalHost: String?
  /// Restores a backup that does not hold a whole server: what it lacks stays as it is here.
  public var allowsPartial = false
  /// Restores what is whole of a damaged backup, and names what is lost. The database has to be whole.
  public var salvages = false
  /// Restores although server and backup have different versions.
  public var ignoresVersions = false
  /// A file with age's private key, for an encrypted backup.
  public var identity: String?
  /// Where the dump lies until it is in the database; nil: /var/tmp.
  public var workFolder: String?
  /// Sessions that restore at the same time; nil: one for each processor, four at most.
  public var parallel: Int?
  public var administrator = AdministratorAccess.Wish()
  /// Exports every organization of the server first; nil: the old state is kept, and nothing is exported.
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
