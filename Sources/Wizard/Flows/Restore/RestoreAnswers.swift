import Common
import Engine

/// How the answers of the restore become a job.
enum RestoreAnswers {
  enum Key {
    static let followUp = "earlier.what"
    static let source = "source.kind"
    static let dump = "dump.path"
    static let configuration = "configuration.path"
    static let uploads = "uploads.path"
    static let data = "data.path"
    static let settings = "settings.which"
    static let host = "host.which"
    static let hostName = "host.name"
    static let anyway = "version.anyway"
    static let export = "newer.export"
    static let exportFolder = "newer.folder"
    static let partial = "partial.anyway"
    static let salvage = "damage.salvage"
  }

  /// What the look at the backup has found, as later steps ask for it.
  enum Known {
    static let backupHost = "contents.host"
    static let ownHost = "contents.own-host"
    static let settings = "contents.settings"
    static let ownSettings = "contents.own-settings"
    /// Why the versions do not fit; empty where they do.
    static let version = "contents.version"
    static let versionRemedy = "contents.version-remedy"
    /// What this server has that the backup has not, as sentences; empty where there is nothing.
    static let newer = "contents.newer"
    /// What it means to restore a backup that does not hold a whole server; empty for one that does.
    static let partial = "contents.partial"
    static let completeness = "contents.completeness"
    /// The damage of the backup's file; empty if none was seen.
    static let damage = "contents.damage"
  }

  static let parts = "parts"
  static let backup = "backup"
  static let volume = "volume"

  /// What is done about an earlier restore; `restoreAnew` where there is none.
  static func followUp(_ answers: Answers, _ record: RestoreRecord?) -> RestoreRecord.FollowUp {
    guard let record else { return .restoreAnew }
    let chosen = answers.text(Key.followUp).flatMap { RestoreRecord.FollowUp(rawValue: $0) }
    return chosen ?? advised(record)
  }

  /// What is recommended about an earlier restore.
  static func advised(_ record: RestoreRecord) -> RestoreRecord.FollowUp {
    guard record.isUnfinished else { return .restoreAnew }
    return record.obstacle(to: .resume) == nil ? .resume : .clear
  }

  static func isManual(_ answers: Answers) -> Bool { answers.text(Key.source) == parts || isVolume(answers) }

  static func isVolume(_ answers: Answers) -> Bool { answers.text(Key.source) == volume }

  static func source(_ answers: Answers) -> RestoreSource {
    guard isManual(answers) else { return .archive(BackupStep.path(answers)) }
    func path(_ key: String) -> String? { answers.text(key).flatMap { $0.isEmpty ? nil : $0 } }
    guard !isVolume(answers) else {
      return .manual(ManualBackup(database: path(Key.dump), data: path(Key.data)))
    }
    return .manual(
      ManualBackup(database: path(Key.dump), settings: path(Key.configuration), uploads: path(Key.uploads)))
  }

  static func options(_ answers: Answers) -> RestoreOptions {
    var options = RestoreOptions(source(answers))
    if !isManual(answers) { options.identity = BackupStep.identity(answers) }
    if bringsSettings(answers) {
      options.keepsSettings = answers.text(Key.settings) == "keep"
      options.keepsConfiguration = answers.text(Key.settings) == "keep-conf"
    }
    if hostsDiffer(answers), !options.keepsSettings {
      switch answers.text(Key.host) {
      case "own": options.externalHost = answers.label(Known.ownHost)
      case "other": options.externalHost = answers.text(Key.hostName)
      default: break
      }
    }
    options.salvages = isDamaged(answers) && answers.flag(Key.salvage) ?? false
    options.allowsPartial = isPartial(answers) && answers.flag(Key.partial) ?? false
    options.ignoresVersions = versionsDiffer(answers) && answers.flag(Key.anyway) ?? false
    if hasNewer(answers), answers.flag(Key.export) == true {
      let folder = answers.text(Key.exportFolder) ?? ""
      options.exportFirst = .init(folder: folder.isEmpty ? nil : folder)
    }
    return options
  }

  static func job(_ answers: Answers, _ context: FlowContext, _ record: RestoreRecord?) -> JobDescription {
    switch followUp(answers, record) {
    case .resume: .resumeRestore(server: context.server)
    case .clear: .clearRestore(server: context.server)
    case .rollBack: .rollBackRestore(server: context.server)
    case .discard: .discardRestore(server: context.server)
    case .restoreAnew: .restore(server: context.server, options(answers))
    }
  }

  // MARK: What is known

  static func bringsSettings(_ answers: Answers) -> Bool { answers.label(Known.settings) == "yes" }
  static func hasOwnSettings(_ answers: Answers) -> Bool { answers.label(Known.ownSettings) == "yes" }
  static func isPartial(_ answers: Answers) -> Bool { !answers.label(Known.partial).isEmpty }
  static func isDamaged(_ answers: Answers) -> Bool { !answers.label(Known.damage).isEmpty }
  static func versionsDiffer(_ answers: Answers) -> Bool { !answers.label(Known.version).isEmpty }

  static func hasNewer(_ answers: Answers) -> Bool { !answers.label(Known.newer).isEmpty }

  static func hostsDiffer(_ answers: Answers) -> Bool {
    let there = answers.label(Known.backupHost)
    let here = answers.label(Known.ownHost)
    return bringsSettings(answers) && !there.isEmpty && !here.isEmpty && there != here
  }

  // MARK: The same as commands

  static func commands(_ answers: Answers, _ context: FlowContext, _ record: RestoreRecord?) -> [String] {
    switch followUp(answers, record) {
    case .resume, .clear, .rollBack, .discard:
      return [context.command(["restore", followUp(answers, record).word ?? ""])]
    case .restoreAnew: return [context.command(["restore"] + words(options(answers)))]
    }
  }

  private static func words(_ options: RestoreOptions) -> [String] {
    var words: [String] = []
    switch options.source {
    case .archive(let path): words.append(path)
    case .manual(let backup):
      if let path = backup.data { words += ["--data", path] }
      if let path = backup.database { words += ["--database", path] }
      if let path = backup.settings { words += ["--settings", path] }
      if let path = backup.uploads { words += ["--uploads", path] }
    }
    if let identity = options.identity { words += ["--identity", identity] }
    if options.keepsSettings { words.append("--keep-settings") }
    if options.keepsConfiguration { words.append("--keep-alohaconf") }
    if let host = options.externalHost { words += ["--external-host", host] }
    if options.salvages { words.append("--salvage") }
    if options.allowsPartial { words.append("--partial") }
    if options.ignoresVersions { words.append("--ignore-versions") }
    if let export = options.exportFirst {
      words += export.folder.map { ["--export-folder", $0] } ?? ["--export-first"]
    }
    return words
  }
}
