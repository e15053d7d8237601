import Common
import Glibc
import Operations

/// Deletes backups that a policy lets go, and never the last one that is known to be good.
///
/// What each backup holds, and whether it is good, is found out by reading it, once. Only good ones are counted, complete
/// and partial ones by themselves. Before anything is deleted the newest of each kind is read anew: it and all that are
/// newer stay; where none is sound, nothing of that kind is deleted.
public struct PruneOperation: Operation {
  public struct Options: Sendable, Codable, Equatable {
    public var folder: String
    public var policy: RetentionPolicy

    public init(folder: String, policy: RetentionPolicy = RetentionPolicy()) {
      self.folder = folder
      self.policy = policy
    }
  }

  public enum Phase: String, OperationPhase, CaseIterable {
    case read, verify, delete

    public var isCheck: Bool { self == .read }

    public var title: String {
      switch self {
      case .read: "Read backups that were not checked yet"
      case .verify: "Find the newest intact backup"
      case .delete: "Delete the others"
      }
    }
  }

  public static let kind = "pruneBackups"
  /// The server whose backups they are; it is not read.
  public let server: ServerReference
  public let options: Options

  public init(_ server: ServerReference, _ options: Options) {
    self.server = server
    self.options = options
  }

  /// For a command that belongs to no server.
  public init(_ options: Options) { self.init(ServerReference(root: "/"), options) }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { "Delete old backups in \(options.folder)" }
  public var traces: OperationTraces {
    OperationTraces(backupFolder: options.folder, workFolders: [options.folder])
  }

  public var commands: [ProgramCommand] {
    [
      ProgramCommand(
        ["backup", "prune", options.folder] + options.policy.words + ["--yes"], on: ServerReference(root: "/"))
    ]
  }

  public func undo(_ context: UndoContext) -> UndoRule { .impossible("deleted data cannot be brought back") }

  // MARK: For the decision

  /// What would become of every backup in the folder, the newest first. Those that nothing is known of are read.
  public func decisions(cancellation: Cancellation? = nil) throws -> [RetentionPolicy.Decision] {
    let ledger = BackupLedger(options.folder)
    return options.policy.decide(
      try BackupFolder.list(options.folder).map { backup in
        KnownBackup(
          backup,
          try ledger.standing(of: backup) ?? BackupStanding.find(backup, cancellation: cancellation))
      })
  }

  public func check() throws -> [Finding] {
    let decisions = try decisions()
    guard !decisions.isEmpty else { return [Finding(.ok, "backups", "there are none in \(options.folder)")] }
    let going = decisions.filter { !$0.isKept }
    var findings = [
      Finding(
        .ok, "backups",
        "\(Amount.count(Int64(decisions.count))) in \(options.folder): \(decisions.count - going.count) stay, "
          + "\(going.count) go and free \(Amount.bytes(going.reduce(0) { $0 + $1.backup.bytes }))")
    ]
    findings += Self.notCounted(decisions).map {
      Finding(.warning, "not counted", $0, remedy: "look at it; delete it by hand when you do not need it")
    }
    if !decisions.contains(where: \.standing.isCompleteAndSound) {
      findings.append(
        Finding(
          .warning, "complete backup", "none in \(options.folder) is known to be complete and intact",
          remedy: "make one: \(Program.command(["backup", "--folder", options.folder]))"))
    }
    if !going.isEmpty, access(options.folder, W_OK) != 0 {
      findings.append(
        Finding(.blocker, "folder", "\(options.folder) cannot be written", remedy: "run it as the folder's owner"))
    }
    findings.append(
      Finding(.ok, "last good one", "before anything is deleted the newest backup is read; it is kept if it is intact"))
    return findings
  }

  private static func notCounted(_ decisions: [RetentionPolicy.Decision]) -> [String] {
    decisions.filter { !$0.isCounted }.map { "\($0.backup.path) \($0.standing.label)" }
  }

  public func plan() throws -> Plan {
    let decisions = try decisions()
    let going = decisions.filter { !$0.isKept }
    var plan = Plan(
      title: "Delete old backups in \(options.folder)",
      phases: Phase.allCases.map { Plan.Phase($0) },
      destroys: going.map {
        "\($0.backup.path), \(Amount.bytes($0.backup.bytes)), of \(Self.day($0.backup)), \($0.standing.label)"
      },
      leavesAlone: decisions.filter(\.isKept).map {
        "\($0.backup.path), of \(Self.day($0.backup)), \($0.standing.label) (\($0.reasons.joined(separator: ", ")))"
      },
      pointOfNoReturn: "deleted backups cannot be brought back")
    plan.destroyedAmounts = [
      Measure.backups.rawValue: Int64(going.count), Measure.bytes.rawValue: going.reduce(0) { $0 + $1.backup.bytes },
    ]
    return plan
  }

  // MARK: The story

  public func run(progress: Progress) throws -> Summary {
    var ledger = BackupLedger(options.folder)
    let known = try progress.phase(Phase.read, unit: .bytes) { meter in
      try BackupFolder.list(options.folder).map { backup in
        KnownBackup(backup, try ledger.standing(of: backup) ?? read(backup, &ledger, progress, meter))
      }
    }
    ledger.save()
    var decisions = options.policy.decide(known)
    for sentence in Self.notCounted(decisions) { progress.warn(sentence) }
    if !decisions.isEmpty, !decisions.contains(where: \.isCounted) { throw nothingGood }
    guard decisions.allSatisfy(\.isKept) || access(options.folder, W_OK) == 0 else {
      throw PlainFailure(
        .blocked, options.folder, "cannot be written", remedy: "run it as the folder's owner")
    }
    var deleted: [BackupFile] = []
    if !decisions.allSatisfy(\.isKept) {
      decisions = try progress.phase(Phase.verify, unit: .bytes) { meter in
        try proved(known, &ledger, progress, meter)
      }
      ledger.save()
      let going = decisions.filter { !$0.isKept }
      deleted = try progress.phase(Phase.delete, total: Int64(going.count), unit: .files) { meter in
        try going.map { try delete($0.backup, meter) }
      }
      ledger.save()
    }
    if !decisions.contains(where: \.standing.isCompleteAndSound), !decisions.isEmpty {
      progress.warn("No backup in \(options.folder) is known to be complete and intact: make one")
    }
    return summarize(deleted, of: decisions.count)
  }

  /// Decides on what the newest of each kind turn out to be now. One that is not good any more is not counted, and the
  /// next newest is read.
  private func proved(
    _ known: [KnownBackup], _ ledger: inout BackupLedger, _ progress: Progress, _ meter: Meter
  ) throws -> [RetentionPolicy.Decision] {
    var known = known
    var fresh: Set<String> = []
    while true {
      let decisions = options.policy.decide(known)
      let kinds = Set(decisions.filter { !$0.isKept }.compactMap(\.standing.holdings?.parts))
      let newest = kinds.compactMap { kind in decisions.first { $0.standing.holdings?.parts == kind }?.backup }
      guard let next = newest.first(where: { !fresh.contains($0.path) }) else {
        if known.allSatisfy({ $0.standing.holdings == nil }) { throw nothingGood }
        return decisions
      }
      let standing = try read(next, &ledger, progress, meter)
      fresh.insert(next.path)
      if standing.holdings == nil { progress.warn("\(next.path) \(standing.label)") }
      known = known.map { $0.file == next ? KnownBackup(next, standing) : $0 }
    }
  }

  private var nothingGood: PlainFailure {
    PlainFailure(
      .blocked, options.folder, "no backup in it could be proved good; nothing was deleted",
      remedy: "make a new backup first; look at the warnings")
  }

  private func read(
    _ backup: BackupFile, _ ledger: inout BackupLedger, _ progress: Progress, _ meter: Meter
  ) throws -> BackupStanding {
    let standing = try BackupStanding.find(
      backup, cancellation: progress.cancellation, progress: meter.follow(total: false))
    ledger.note(standing, of: backup.path)
    return standing
  }

  private func delete(_ backup: BackupFile, _ meter: Meter) throws -> BackupFile {
    try meter.advance()
    guard unlink(backup.path) == 0 else {
      throw PlainFailure.system(backup.path, "cannot be deleted", errno: errno)
    }
    unlink(BackupChecksum.path(for: backup.path))
    return backup
  }

  private func summarize(_ deleted: [BackupFile], of count: Int) -> Summary {
    let freed = deleted.reduce(Int64(0)) { $0 + $1.bytes }
    return Summary(
      title: deleted.isEmpty ? "No backup was deleted" : "\(Amount.of(Int64(deleted.count), "backup")) are deleted",
      facts: [
        Summary.Fact("Deleted", count: Int64(deleted.count), .backups), Summary.Fact("Freed", bytes: freed),
        Summary.Fact("Kept", count: Int64(count - deleted.count), .backups),
      ])
  }

  private static func day(_ backup: BackupFile) -> String {
    String(Timestamp.iso(microseconds: backup.moment).prefix(10))
  }
}
