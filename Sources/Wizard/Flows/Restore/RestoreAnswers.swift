import Administration
import Common
import Operations
import WholeServer

/// Converts the answers of the restore flow into operations.
enum RestoreAnswers {
  enum Key {
    static let followUp = AnswerKey("earlier.what", unanswered: RestoreRecord.FollowUp.restoreAnew)
    static let source: AnswerKey<String> = "source.kind"
    static let dump: AnswerKey<String> = "dump.path"
    static let configuration: AnswerKey<String> = "configuration.path"
    static let uploads: AnswerKey<String> = "uploads.path"
    static let data: AnswerKey<String> = "data.path"
    static let settings: AnswerKey<String> = "settings.which"
    static let host: AnswerKey<String> = "host.which"
    static let hostName: AnswerKey<String> = "host.name"
    static let anyway: AnswerKey<Bool> = "version.anyway"
    static let export: AnswerKey<Bool> = "newer.export"
    static let exportFolder: AnswerKey<String> = "newer.folder"
    static let partial: AnswerKey<Bool> = "partial.anyway"
    static let salvage: AnswerKey<Bool> = "damage.salvage"
  }

  /// Facts about the backup for later steps.
  enum Known {
    static let backupHost = "contents.host"
    static let ownHost = "contents.own-host"
    static let settings = "contents.settings"
    static let ownSettings = "contents.own-settings"
    /// Why the versions differ; empty if they do not.
    static let version = "contents.version"
    static let versionRemedy = "contents.version-remedy"
    /// The newer data of this server, as sentences; empty without any.
    static let newer = "contents.newer"
    /// The consequences of restoring a partial backup; empty for a complete one.
    static let partial = "contents.partial"
    static let completeness = "contents.completeness"
    /// The damage of the backup's file; empty if none was seen.
    static let damage = "contents.damage"
  }

  static let parts = "parts"
  static let backup = "backup"
  static let volume = "volume"

  /// Returns the action on an earlier restore; `restoreAnew` without one.
  static func followUp(_ answers: Answers, _ record: RestoreRecord?) -> RestoreRecord.FollowUp {
    guard let record else { return .restoreAnew }
    let chosen = answers.given(Key.followUp)
    return chosen ?? advised(record)
  }

  /// Returns the recommended action on an earlier restore.
  static func advised(_ record: RestoreRecord) -> RestoreRecord.FollowUp {
    guard record.isUnfinished else { return .restoreAnew }
    return record.obstacle(to: .resume) == nil ? .resume : .clear
  }

  static func isManual(_ answers: Answers) -> Bool { answers.given(Key.source) == parts || isVolume(answers) }

  static func isVolume(_ answers: Answers) -> Bool { answers.given(Key.source) == volume }

  static func source(_ answers: Answers) -> RestoreSource {
    guard isManual(answers) else { return .archive(BackupStep.path(answers)) }
    func path(_ key: AnswerKey<String>) -> String? { answers.given(key).flatMap { $0.isEmpty ? nil : $0 } }
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
      options.keepsSettings = answers.given(Key.settings) == "keep"
      options.keepsConfiguration = answers.given(Key.settings) == "keep-conf"
    }
    if hostsDiffer(answers), !options.keepsSettings {
      switch answers.given(Key.host) {
      case "own": options.externalHost = answers.label(Known.ownHost)
      case "other": options.externalHost = answers.given(Key.hostName)
      default: break
      }
    }
    options.salvages = isDamaged(answers) && answers[Key.salvage]
    options.allowsPartial = isPartial(answers) && answers[Key.partial]
    options.ignoresVersions = versionsDiffer(answers) && answers[Key.anyway]
    if hasNewer(answers), answers[Key.export] {
      let folder = answers[Key.exportFolder]
      options.exportFirst = .init(folder: folder.isEmpty ? nil : folder)
    }
    return options
  }

  static func operation(_ answers: Answers, _ context: FlowContext, _ record: RestoreRecord?) -> any Operation {
    switch followUp(answers, record) {
    case .resume: ResumeRestoreOperation(context.server)
    case .clear: ClearRestoreOperation(context.server)
    case .rollBack: RollBackOperation(context.server)
    case .discard: DiscardRestoreOperation(context.server)
    case .restoreAnew: RestoreOperation(context.server, options(answers))
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
}

extension RestoreRecord.FollowUp: AnswerValue {}
