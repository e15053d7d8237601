import Common
import Glibc

/// Deletes backups that a policy lets go, and never the last one that is known to be good.
///
/// Before anything is deleted the newest backups are read, until one is found whose every digest fits. That one and all
/// that are newer stay, whatever the policy says; where none is sound, nothing is deleted at all.
public struct PruneOperation: Operation {
  public struct Options: Sendable, Codable, Equatable {
    public var folder: String
    public var policy: RetentionPolicy

    public init(folder: String, policy: RetentionPolicy = RetentionPolicy()) {
      self.folder = folder
      self.policy = policy
    }
  }

  public let options: Options

  public init(_ options: Options) { self.options = options }

  public var name: String { "backup-prune" }

  public func check() throws -> [Finding] {
    let decisions = options.policy.decide(try BackupFolder.list(options.folder))
    guard !decisions.isEmpty else { return [Finding(.ok, "backups", "there are none in \(options.folder)")] }
    let going = decisions.filter { !$0.isKept }
    var findings = [
      Finding(
        .ok, "backups",
        "\(Amount.count(Int64(decisions.count))) in \(options.folder): \(decisions.count - going.count) stay, "
          + "\(going.count) go and free \(Amount.bytes(going.reduce(0) { $0 + $1.backup.bytes }))")
    ]
    if !going.isEmpty, access(options.folder, W_OK) != 0 {
      findings.append(
        Finding(.blocker, "folder", "\(options.folder) cannot be written", remedy: "run it as the folder's owner"))
    }
    findings.append(
      Finding(.ok, "last good one", "before anything is deleted the newest is read; it stays if its digests fit"))
    return findings
  }

  public func plan() throws -> Plan {
    let decisions = options.policy.decide(try BackupFolder.list(options.folder))
    return Plan(
      title: "Delete backups in \(options.folder) that are not kept",
      phases: [
        Plan.Phase("verify", "Find the last backup that is known to be good"),
        Plan.Phase("delete", "Delete the others"),
      ],
      destroys: decisions.filter { !$0.isKept }.map {
        "\($0.backup.path), \(Amount.bytes($0.backup.bytes)), of \(Self.day($0.backup))"
      },
      leavesAlone: decisions.filter(\.isKept).map {
        "\($0.backup.path), of \(Self.day($0.backup)) (\($0.reasons.joined(separator: ", ")))"
      },
      pointOfNoReturn: "what has been deleted by then stays deleted")
  }

  public func run(progress: Progress) throws -> Summary {
    let findings = try check()
    guard !findings.contains(where: { $0.severity == .blocker }) else { throw Blocked(findings) }
    let decisions = options.policy.decide(try BackupFolder.list(options.folder))
    let going = decisions.filter { !$0.isKept }
    var deleted: [BackupFile] = []
    if !going.isEmpty {
      let sound = try progress.phase("verify", "Find the last backup that is known to be good", unit: .bytes) { meter in
        try lastSound(decisions.map(\.backup), progress, meter)
      }
      guard let sound else {
        throw PlainFailure(
          .blocked, options.folder, "no backup in it could be proved good; nothing was deleted",
          remedy: "make a new backup first; look at the warnings")
      }
      deleted = try progress.phase("delete", "Delete the others", total: Int64(going.count), unit: .files) { meter in
        try delete(going.map(\.backup), sparing: sound, progress, meter)
      }
    }
    let freed = deleted.reduce(Int64(0)) { $0 + $1.bytes }
    let summary = Summary(
      title: deleted.isEmpty ? "No backup was deleted" : "\(Amount.of(Int64(deleted.count), "backup")) are deleted",
      facts: [
        Summary.Fact("Deleted", Amount.count(Int64(deleted.count))), Summary.Fact("Freed", Amount.bytes(freed)),
        Summary.Fact("Kept", Amount.count(Int64(decisions.count - deleted.count))),
      ], warnings: progress.warnings)
    progress.finished(summary)
    return summary
  }

  private func lastSound(_ newestFirst: [BackupFile], _ progress: Progress, _ meter: Meter) throws -> BackupFile? {
    for backup in newestFirst {
      var seen: Int64 = 0
      let state = try BackupFolder.verify(backup, cancellation: progress.cancellation) { done, _ in
        try meter.advance(by: max(0, done - seen))
        seen = max(seen, done)
      }
      switch state {
      case .sound: return backup
      case .unknown(let why): progress.warn("\(backup.path) cannot be proved good: \(why)")
      case .damaged(let why): progress.warn("\(backup.path) is damaged: \(why)")
      }
    }
    return nil
  }

  private func delete(
    _ backups: [BackupFile], sparing sound: BackupFile, _ progress: Progress, _ meter: Meter
  ) throws -> [BackupFile] {
    var deleted: [BackupFile] = []
    for backup in backups {
      try meter.advance()
      guard backup.moment < sound.moment else {
        progress.note("\(backup.path) stays: it is not older than the last one that is known to be good")
        continue
      }
      guard unlink(backup.path) == 0 else {
        throw PlainFailure.system(backup.path, "cannot be deleted", errno: errno)
      }
      unlink(BackupSeal.path(for: backup.path))
      deleted.append(backup)
    }
    return deleted
  }

  private static func day(_ backup: BackupFile) -> String { String(Moment.iso(microseconds: backup.moment).prefix(10)) }
}
