import Archive
import Common
import Glibc
import Operations
import Postgres
import Server

/// Checks for everything that makes restores fail, before anything is changed; each finding has its remedy.
struct RestoreChecks {
  let installation: Installation
  let options: RestoreOptions
  let head: BackupHeader
  let places: [RestorePlace]
  let access: Result<AdministratorAccess, any Error>
  /// The folder for the dump; nil if there is no suitable one.
  let work: String?
  /// The exports before the exchange; nil if none are requested.
  var export: ServerExport?

  /// Returns all findings, in the order in which an operator should read them.
  func findings() -> [Finding] {
    var findings = kind() + [integrity(), version(), system()]
    if head.hasDatabase { findings += database() }
    findings += newer()
    findings += [space(), permissions()].flatMap { $0 }
    findings += settings()
    findings += links()
    findings += options.source.volumeFindings(isPartialAllowed: options.allowsPartial) + container()
    findings.append(services())
    findings.append(
      Finding(
        .ok, "trust",
        "a restore runs code from the backup as PostgreSQL's administrator: use no backup of unknown origin"))
    return findings
  }

  var brand: Brand { installation.brand }

  /// Reports the data that the server has and the backup lacks, and the exports that preserve it.
  private func newer() -> [Finding] {
    let newer = newerData
    return newer.findings() + (export?.findings(isThere: newer.isThere) ?? [])
  }

  var newerData: NewerFindings {
    NewerFindings(installation: installation, options: options, head: head, access: access)
  }

  // MARK: The backup

  private func kind() -> [Finding] {
    if let other = head.brand, other != brand {
      return [
        Finding(
          .blocker, "server", "this is a backup of \(other.title), this server is \(brand.title)",
          remedy: "restore it on a server of its own kind")
      ]
    }
    let contradictions = head.contradictions.map {
      // A salvage exists for truncated backups.
      Finding(
        options.salvages ? .warning : .blocker, "backup", $0,
        remedy: "use another backup: this one was truncated or assembled wrongly")
    }
    guard !head.holdings.parts.isEmpty, !restored.isEmpty else {
      return contradictions + [
        Finding(
          .blocker, "backup", "it contains nothing to restore", remedy: "give a backup that holds more than versions"
        )
      ]
    }
    let stays = BackupHoldings.Part.allCases.filter { !restored.contains($0) }
    let parts = Finding(
      .ok, "backup",
      "\(BackupHoldings.list(restored)) \(restored == [.database] ? "is" : "are") restored"
        + (stays.isEmpty
          ? "" : "; \(BackupHoldings.list(stays)) \(stays == [.database] ? "stays as it is" : "stay as they are")"))
    return (contradictions + [parts] + [partial()].compactMap(\.self)).about(.backup)
      + head.oddities.map { Finding(.warning, "backup", $0) }
  }

  /// The parts that are replaced.
  private var restored: [BackupHoldings.Part] {
    head.holdings.parts.sorted().filter { $0 != .settings || !options.keepsSettings }
  }

  /// Reports a partial backup. Restoring only some parts requires an explicit decision; giving parts by hand is one.
  private func partial() -> Finding? {
    guard case .archive = options.source, !head.holdings.isComplete else { return nil }
    // Keeping this server's settings is a decision, too; and whoever salvages expects files to be lost, no more.
    let undecided = head.holdings.missing.filter {
      !($0 == .settings && options.keepsSettings) && !($0 == .uploads && options.salvages)
    }
    let isWished = options.allowsPartial || undecided.isEmpty
    let faults = head.settingsFaults.isEmpty ? "" : " (\(head.settingsFaults.joined(separator: "; ")))"
    return Finding(
      isWished ? .warning : .blocker, "partial backup",
      "\(head.holdings.label)\(faults); \(head.holdings.consequences.joined(separator: "; "))",
      remedy: isWished
        ? "nothing, if that is what you want"
        : "use a complete backup; or restore this partial one with --partial"
          + (head.holdings.missing == [.settings] ? " or --keep-settings" : ""))
  }

  /// Reports how the content is verified: no digest has been compared so far.
  private func integrity() -> Finding {
    let reason =
      head.hasDigests
      ? "every byte is compared with the backup's checksums before this server is changed"
      : "the backup contains no checksums: only its structure and the number of its rows can be checked"
    if options.salvages {
      let essentials = head.damagedEssentials.filter { name in
        !(options.keepsSettings && name.hasPrefix("\(BackupLayout.settings)/"))
      }
      if let first = essentials.first {
        return Finding(
          .blocker, "damage",
          "\(Amount.of(Int64(essentials.count), "file")) of the database or the settings cannot be read, the first is "
            + SafeText.clean(first, limit: .line),
          remedy:
            "use another backup. Undamaged parts can be unpacked by hand and given with --database, --uploads and "
            + "--settings; damaged settings alone are left out with --keep-settings")
      }
      return Finding(
        .warning, "damage", "damaged files are left out and named; the database has to be intact",
        remedy: "use another backup, if there is one")
    }
    guard case .archive(let path) = options.source, !FileSystem.isFolder(path) else {
      return Finding(.ok, "damage", reason)
    }
    let identity = Encryption.isEncrypted(path) ? options.identity : nil
    return Finding(
      .ok, "damage", "\(reason); to verify it now: \(ArchiveWords.command(["verify", path], identity))")
  }

  /// Returns how to install a machine for this backup.
  private static func installing(_ head: BackupHeader) -> String {
    let postgres = (head.dump?.serverMajor ?? head.postgresMajor).map { " --postgresql-version=\($0)" } ?? ""
    return "its installer with --no-init-db\(postgres): the database comes with the backup"
  }

  func version() -> Finding {
    guard let there = head.serverVersion else {
      if !head.hasDatabase { return Finding(.ok, "version", "the database is not changed, and neither is its version") }
      return Finding(
        .warning, "version", "the backup does not say which version of the server it is of",
        remedy: "make sure that it is the version that is installed here: another one's database does not fit")
    }
    guard let here = (try? ServerVersion.installed(installation))?.name else {
      return Finding(
        .warning, "version", "no server is installed in \(installation.deploymentFolder); the backup is of \(there)",
        remedy: "install version \(there) first, then restore; \(Self.installing(head))")
    }
    let difference = migrationDifference()
    if there == here && difference.isEmpty { return Finding(.ok, "version", "\(here), here and in the backup") }
    let reason =
      there == here
      ? "both call themselves \(here), but their databases differ: \(difference.joined(separator: "; "))"
      : "the backup is of \(there), this server is \(here)"
    return Finding(
      options.ignoresVersions ? .warning : .blocker, "version", reason,
      remedy:
        "install version \(there) on this machine (\(Self.installing(head))), restore, then upgrade; with --ignore-versions at your own risk: "
        + "then run manage.py migrate afterwards")
  }

  /// Returns the differences from the migrations of this server's own database, if it can still be read.
  private func migrationDifference() -> [String] {
    guard !head.migrations.isEmpty, let connection = try? installation.connect() else { return [] }
    defer { connection.close() }
    guard let here = try? ServerVersion.read(installation, connection), !here.migrations.isEmpty else { return [] }
    return MigrationStatus.difference(archive: head.migrations, server: here.migrations)
  }

  private func system() -> Finding {
    let here = BackupLayout.operatingSystem()
    guard let here else { return Finding(.ok, "system", "could not be checked") }
    guard let there = head.system, there != "unknown" else {
      return Finding(.ok, "system", "\(here); the backup does not say on which it was made")
    }
    guard there != here else { return Finding(.ok, "system", "\(here), as in the backup") }
    return Finding(
      .warning, "system", "the backup was made on \(there), this is \(here)",
      remedy: "the order of letters may differ: REINDEX DATABASE afterwards; settings of services may need a look")
  }

  // MARK: Machine

  private func space() -> [Finding] {
    var findings: [Finding] = []
    let database = head.facts?.databaseBytes ?? head.expectedBytes * 3
    if head.hasDatabase, case .success(let administrator) = access, let connection = try? administrator.connect(),
      let folder = DatabaseForm.folder(of: installation.databaseParameters().database, connection),
      FileSystem.isFolder(folder)
    {
      connection.close()
      findings.append(Self.space("database", folder, database, "the old database is kept until you discard it"))
    }
    let uploads = head.facts?.uploadsBytes ?? head.expectedBytes
    if head.hasUploads, let place = places.first(where: { $0.part == BackupLayout.uploads }) {
      findings.append(Self.space("uploads", place.parent, uploads, "the old files are kept until you discard them"))
    }
    if head.hasDatabase {
      let dump = max(0, head.expectedBytes - (head.facts?.uploadsBytes ?? 0))
      guard let work else {
        let user = (try? access.get()).flatMap(RestorePreparation.user(of:))
        return findings + [WorkFolderCheck.missing(named: options.workFolder, for: user)]
      }
      findings.append(Self.space("work folder", work, dump, "gone afterwards"))
    }
    return findings
  }

  private static func space(_ what: String, _ folder: String, _ bytes: Int64, _ note: String) -> Finding {
    guard let free = FileSystem.freeBytes(folder) else {
      return Finding(.warning, "space", "\(folder) could not be looked at")
    }
    // Space for building indexes.
    let needed = bytes + bytes / 10 + (32 << 20)
    guard free > needed else {
      return Finding(
        .blocker, "space",
        "\(what): about \(Amount.bytes(needed)) are needed in \(folder), \(Amount.bytes(free)) are free",
        remedy: "free some space on that disk; \(note)")
    }
    return Finding(
      .ok, "space", "\(what): about \(Amount.bytes(needed)) of \(Amount.bytes(free)) in \(folder); \(note)")
  }

  /// Checks all folders in which something is created or renamed, and those on the way to them.
  private func permissions() -> [Finding] {
    if geteuid() != 0, installation.root.isEmpty {
      return [
        Finding(
          .blocker, "permissions",
          "a server is restored by root: its settings, its files and its services belong to it",
          remedy: "run it with sudo")
      ]
    }
    let parents = Set(places.filter(isReplaced).map(\.parent)).sorted()
    let closed = parents.filter { FileSystem.isFolder($0) && Glibc.access($0, W_OK | X_OK) != 0 }
    if let first = closed.first(where: { Glibc.access($0, W_OK) != 0 && errno == EROFS }) {
      return [
        Finding(
          .blocker, "permissions", "\(first) is on a file system that is mounted read-only",
          remedy: "mount it writable: mount -o remount,rw; or keep this server's settings with --keep-settings")
      ]
    }
    if let first = closed.first {
      return [
        Finding(
          .blocker, "permissions", "\(first) cannot be written", remedy: "run it as root, or as the folder's owner")
      ]
    }
    if let missing = parents.first(where: { !FileSystem.isFolder($0) && FileSystem.exists($0) }) {
      return [Finding(.blocker, "permissions", "\(missing) is no folder", remedy: "move it out of the way")]
    }
    return [Finding(.ok, "permissions", "\(parents.joined(separator: ", ")) can be written")]
  }

  private func isReplaced(_ place: RestorePlace) -> Bool {
    place.part.hasPrefix(BackupLayout.settings) ? head.hasSettings && !options.keepsSettings : head.hasUploads
  }

  // MARK: Settings

  private func settings() -> [Finding] {
    [lostSettings(), unusableSettings(), missingUploads(), emptyUploads()].compactMap(\.self) + restoredSettings()
  }

  /// Reports missing settings of this server: then only the backup defines its database and its folders.
  private func lostSettings() -> Finding? {
    guard !FileSystem.exists(installation.file(brand.secretsFile)) else { return nil }
    let own = installation.databaseParameters()
    let place = own.host.map { " at \($0)" } ?? ""
    return Finding(
      .warning, "settings",
      "this server's own are lost; by the backup's, the database is \(own.database)\(place), uploads are in "
        + installation.uploadsFolder,
      remedy: "make sure that no other server uses these; else put settings.py and the two conf files in place first")
  }

  /// Reports settings given by hand that no server starts with. In a backup they count as missing.
  private func unusableSettings() -> Finding? {
    guard case .manual(let parts) = options.source, parts.settings != nil, !options.keepsSettings,
      let first = head.settingsFaults.first
    else { return nil }
    return Finding(
      .blocker, "settings", "\(SafeText.clean(parts.settings ?? "", limit: .path)): \(first)",
      remedy:
        "give the old server's whole folder of settings, or leave --settings out: this server's settings then stay")
  }

  /// Reports uploads that have no place on this server: their folder is a link to nothing, or not a folder.
  private func missingUploads() -> Finding? {
    guard head.hasUploads, let presence = try? UploadsPresence.look(installation, nil, isReplaced: true),
      case .missing = presence
    else { return nil }
    return presence.finding(installation, "")
  }

  /// Reports a folder without files that was given as the uploads.
  private func emptyUploads() -> Finding? {
    guard case .manual(let parts) = options.source, let uploads = parts.uploads, FileSystem.isFolder(uploads),
      (try? FolderReader(uploads, cancellation: nil).totalBytes) == 0
    else { return nil }
    return Finding(
      .blocker, "uploads", "\(SafeText.clean(uploads, limit: .path)) contains no files",
      remedy: "give the folder with the old server's files, or leave --uploads out: this server's files then stay")
  }

  private func restoredSettings() -> [Finding] {
    guard head.hasSettings || options.keepsSettings, let settings = head.settingsFile else { return [] }
    let there = settings.text("EXTERNAL_HOST").map { SafeText.clean($0, limit: .name) }
    if options.keepsSettings { return [salt()].compactMap { $0 } + [keptHost(there)].compactMap { $0 } }
    var findings: [Finding] = []
    if let host = options.externalHost {
      findings.append(
        Finding(
          .ok, "host name",
          "becomes \(SafeText.clean(host, limit: .name)); old links to \(there ?? "the old name") lead there"))
    } else if let there, let here = installation.host, there != here {
      findings.append(
        Finding(
          .warning, "host name",
          "the backup is of \(there), this server is \(here): afterwards it responds only to \(there), and with error 400 "
            + "to \(here)",
          remedy: "point the name \(there) to this machine, or give --external-host \(here)"))
    } else {
      findings.append(Finding(.ok, "host name", there.map { "\($0), as on this server" } ?? "not in the backup"))
    }
    let restored = RestoredSettings(
      installation: installation, options: options, settings: settings, conf: head.conf ?? ConfFile(),
      secrets: head.secrets ?? Secrets())
    findings += restored.changes.filter { change in
      if case .setting("EXTERNAL_HOST", _) = change.edit { return false }
      return true
    }.map { Finding(.ok, "settings", $0.text) }
    return findings
  }

  private func keptHost(_ there: String?) -> Finding? {
    guard let there, let here = installation.host, there != here else { return nil }
    return Finding(.ok, "host name", "stays \(here); in old messages links lead to \(there)")
  }

  /// Compares `avatar_salt`: the names of avatar files depend on it, so that no avatar is found with another one.
  private func salt() -> Finding? {
    guard head.hasUploads, let there = head.secrets?["avatar_salt"], there != installation.secrets["avatar_salt"] else {
      return nil
    }
    return Finding(
      .warning, "secrets", "avatar_salt of the backup is another one: with this server's settings no avatar is found",
      remedy: "restore without --keep-settings, or copy avatar_salt from the backup's secrets")
  }

  private func links() -> [Finding] {
    let settings = head.links.filter { $0.hasPrefix("\(BackupLayout.settings)/") }
    var findings: [Finding] = []
    if !settings.isEmpty, !options.keepsSettings {
      findings.append(
        Finding(
          .blocker, "settings",
          "\(SafeText.clean(settings[0], limit: .title)) is only a link in the backup: its target is not in it",
          remedy: "copy that file from the old server by hand, and restore with --keep-settings"))
    }
    if head.links.contains(where: { $0 == BackupLayout.uploads || $0.hasPrefix("\(BackupLayout.uploads)/") }) {
      findings.append(
        Finding(
          .warning, "uploads", "the backup holds links instead of uploads: the files behind them are not in it",
          remedy: "copy the uploads folder from the old server's volume, and restore it with --uploads"))
    }
    if head.hasSettings, !options.keepsSettings { findings += linkedSettings() }
    return findings
  }

  /// Reports what happens to each configuration file that is a link, as in containers.
  private func linkedSettings() -> [Finding] {
    guard let place = places.first(where: { $0.part == BackupLayout.settings }) else { return [] }
    let kept = Set(place.links.map(\.name))
    let fixed = Set(place.fixed ?? [])
    return ((try? FileSystem.names(in: place.live)) ?? []).compactMap { name in
      let path = "\(place.live)/\(name)"
      let shown = SafeText.clean(path, limit: .line)
      let target = FileSystem.linkTarget(path)
      if fixed.contains(name) {
        return Finding(
          .warning, "settings", "\(shown) is mounted from outside and stays as it is",
          remedy: "change that file where it comes from, and restart")
      }
      guard let target else { return nil }
      guard kept.contains(name) else {
        return Finding(
          .warning, "settings",
          "\(shown) is a link to \(SafeText.clean(target, limit: .line)) and becomes a plain file",
          remedy: "make the link again afterwards")
      }
      return Finding(
        .ok, "settings", "\(shown) stays a link; \(SafeText.clean(target, limit: .line)) gets the restored content")
    }
  }

  /// Reports the differences for a server in a container.
  private func container() -> [Finding] {
    guard let container = Container.find(installation) else { return [] }
    guard head.hasSettings, !options.keepsSettings, let settings = head.settingsFile else { return [container.finding] }
    let changes = RestoredSettings(
      installation: installation, options: options, settings: settings, conf: head.conf ?? ConfFile(),
      secrets: head.secrets ?? Secrets()
    ).changes
    let notice = try? RestoredEnvironment(installation: installation).notice(
      head, changes, keepsConf: options.keepsConfiguration)
    return [container.finding] + (notice?.findings ?? [])
  }

  private func services() -> Finding {
    let steps = ServerSteps(installation)
    let missing = ([.stop] + ServerStep.afterwards).filter { !steps.exists($0) }
    if missing.contains(.stop) || missing.contains(.start) {
      return Finding(
        .warning, "services", "the server's scripts are not in \(installation.deploymentFolder)",
        remedy: Container.find(installation) == nil
          ? "stop the server by hand before, and start it afterwards"
          : "stop it before with: supervisorctl stop all; and start it afterwards with: supervisorctl start all")
    }
    return Finding(.ok, "services", "the server is stopped when all is ready, and started again")
  }
}
