import Common
import Glibc
import Operations
import Server

/// Puts the files of a ``BackupSchedule`` in place and switches it on: by systemd, or as a file for cron where there is
/// none. Doing it again changes nothing. Where it fails, the files are as they were before.
public struct InstallScheduleOperation: Operation {
  public struct Options: Sendable, Codable, Equatable {
    public var schedule: BackupSchedule
    /// nil: whichever the machine has.
    public var manager: BackupSchedule.Manager?

    public init(_ schedule: BackupSchedule, manager: BackupSchedule.Manager? = nil) {
      self.schedule = schedule
      self.manager = manager
    }
  }

  public enum Phase: String, OperationPhase, CaseIterable {
    case files, enable

    public var title: String { self == .files ? "Put the files in place" : "Switch the timer on" }
  }

  public static let kind = "installSchedule"
  public let server: ServerReference
  public let options: Options
  /// "" in production; else a folder that stands for /, in which the files are written.
  private var root: String { RootFolder(server.root).prefix }

  public init(_ server: ServerReference, _ options: Options) {
    self.server = server
    self.options = options
  }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { "Back up every night into \(options.schedule.folder)" }
  public var commands: [ProgramCommand] { [ProgramCommand(schedule.words + ["--install"] + managerWords, on: server)] }
  private var managerWords: [String] { options.manager.map { ["--\($0.rawValue)"] } ?? [] }

  public func undo(_ context: UndoContext) -> UndoRule {
    .impossible("switch its timer off, and delete the files that it has named")
  }

  private var schedule: BackupSchedule { options.schedule }

  /// systemd runs where its own folder is; in a folder that only stands for a machine, where its units could be.
  public var manager: BackupSchedule.Manager {
    if let manager = options.manager { return manager }
    let isRunning = FileSystem.isFolder("\(root)/run/systemd/system")
    let hasUnits = !root.isEmpty && FileSystem.isFolder(root + BackupSchedule.unitFolder)
    return isRunning || hasUnits ? .systemd : .cron
  }

  /// A file that the schedule consists of, and what is in its place.
  public struct Change: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
      case new, same, different
      /// One of another manager's, which would make every backup a second time.
      case surplus
    }

    public let path: String
    public let kind: Kind
    public let before: String?
    /// nil where the file is removed.
    public let after: String?
  }

  public func changes() -> [Change] {
    var changes = schedule.files(for: manager).map { file in
      let path = root + file.path
      let before = Self.text(path)
      return Change(
        path: path, kind: before == nil ? .new : before == file.text ? .same : .different, before: before,
        after: file.text)
    }
    let cron = root + BackupSchedule.cronPath
    if manager == .systemd, let before = Self.text(cron) {
      changes.append(Change(path: cron, kind: .surplus, before: before, after: nil))
    }
    return changes
  }

  /// The whole of every new file, and what would change in those that are there.
  public func shown() -> [String] {
    changes().flatMap { change -> [String] in
      let lines = change.after?.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) ?? []
      return switch change.kind {
      case .new: ["# New: \(change.path)", ""] + lines
      case .same: ["# Unchanged: \(change.path)", ""]
      case .different:
        ["# Changed: \(change.path)", ""]
          + UnifiedDiff.between(change.before ?? "", change.after ?? "", name: change.path) + [""]
      case .surplus: ["# Removed, because systemd makes the backup: \(change.path)", ""]
      }
    }
  }

  private static func text(_ path: String) -> String? {
    (try? FileSystem.read(path, limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
  }

  // MARK: Before

  public func check() throws -> [Finding] {
    if let objection = schedule.objection() {
      return [Finding(.blocker, "schedule", objection, remedy: "correct it, and begin again").about(.schedule)]
    }
    guard Container.find(root: root.isEmpty ? "/" : root) == nil else {
      return [
        Finding(
          .blocker, "schedule", "the server runs in a container: what starts it every night is outside",
          remedy: "see the service for compose and the CronJob: "
            + Program.command(["backup", "schedule", schedule.folder], root: root))
      ]
    }
    return [started(), files(), folder().about(.output), program(), encryption()].compactMap { $0 }
  }

  public func plan() throws -> Plan {
    let changes = changes()
    return Plan(
      title: "Back up every night into \(SafeText.clean(schedule.folder, limit: .line)), by \(manager.rawValue)",
      phases: [Plan.Phase(Phase.files)]
        + (manager == .systemd ? [Plan.Phase(Phase.enable)] : []),
      destroys: changes.compactMap { change in
        switch change.kind {
        case .different: "the text that is in \(change.path) now"
        case .surplus: change.path
        case .new, .same: nil
        }
      },
      leavesAlone: ["The server itself and all backups"]
        + changes.filter { $0.kind == .same }.map { "\($0.path), which is the same" })
  }

  private func started() -> Finding {
    guard manager == .cron else {
      return systemctl == nil
        ? Finding(
          .warning, "systemd",
          "there is no systemctl\(root.isEmpty ? "" : " in \(root)"): the timer is not switched on",
          remedy: "afterwards, on the machine itself: \(Self.enabling)")
        : Finding(.ok, "systemd", "a timer starts the backup")
    }
    guard root.isEmpty, !FileSystem.isFolder("/etc/cron.d") else {
      return Finding(.ok, "cron", "an entry starts the backup; systemd does not run here")
    }
    return Finding(
      .blocker, "schedule", "neither systemd nor cron is on this machine",
      remedy: "apt-get install cron, or let what starts programs here run the lines of: backup schedule")
  }

  private func files() -> Finding? {
    let folder = root + (manager == .systemd ? BackupSchedule.unitFolder : "/etc/cron.d")
    // The nearest one that is there: what is missing below it is made.
    var probe = folder
    while !FileSystem.exists(probe), let slash = probe.lastIndex(of: "/"), slash > probe.startIndex {
      probe = String(probe[..<slash])
    }
    guard access(probe, W_OK) == 0 else {
      return Finding(.blocker, "permissions", "\(probe) cannot be written", remedy: "run it as root")
    }
    let changes = changes()
    let different = changes.filter { $0.kind == .different }.map(\.path)
    guard different.isEmpty else {
      return Finding(
        .warning, "files", "\(different.joined(separator: ", ")): other text is there, and is replaced",
        remedy: "compare the differences that are shown; keep a copy of what you have written yourself")
    }
    return Finding(
      .ok, "files", changes.allSatisfy { $0.kind == .same } ? "all are in place already" : "nothing is in their place")
  }

  private func folder() -> Finding {
    let shown = SafeText.clean(schedule.folder, limit: .line)
    var status = stat()
    guard stat(schedule.folder, &status) == 0 else {
      return Finding(.ok, "folder", "\(shown) will be created, readable by its owner only")
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      return Finding(.blocker, "folder", "\(shown) is no folder", remedy: "choose another one")
    }
    guard status.st_mode & 0o022 == 0 else {
      return Finding(
        .warning, "folder", "other users can write into \(shown): they could plant backups there",
        remedy: "chmod 0700 \(ShellWord.quoted(schedule.folder))")
    }
    return Finding(.ok, "folder", shown)
  }

  private func program() -> Finding? {
    guard access(schedule.program, X_OK) == 0 else {
      return Finding(
        .blocker, "program", "\(schedule.program) cannot be started", remedy: "copy \(Program.name) to /usr/local/bin")
    }
    let fleeting =
      ["/tmp/", "/var/tmp/"].contains { schedule.program.hasPrefix($0) } || schedule.program.contains("/.build/")
    return fleeting
      ? Finding(
        .warning, "program", "\(schedule.program) is in a temporary place",
        remedy: "copy it to /usr/local/bin, and begin again with that one") : nil
  }

  private func encryption() -> Finding? {
    guard let recipient = schedule.recipient else { return nil }
    return Encryption.problem(recipient: recipient)
      ?? Finding(
        .ok, "encryption",
        "to \(SafeText.clean(recipient.prefix(24), limit: 24))…; rehearsals need the private key: they are made on another "
          + "machine")
  }

  // MARK: The story

  public func run(progress: Progress) throws -> Summary {
    try progress.pass(check())
    let changes = changes()
    let isEnabled: Bool
    do {
      try progress.phase(Phase.files) { _ in
        try FileSystem.makeFolder(FileSystem.folder(of: schedule.folder), mode: 0o755)
        try FileSystem.makeFolder(schedule.folder, mode: 0o700)
        for change in changes { try put(change) }
      }
      try progress.cancellation.check()
      isEnabled = try manager == .systemd && enable(progress)
    } catch {
      for change in changes where change.kind != .same { revert(change) }
      if manager == .systemd, let systemctl { _ = try? Subprocess(systemctl, ["daemon-reload"], directory: "/").run() }
      throw error
    }
    return Summary(
      title: changes.allSatisfy { $0.kind == .same } ? "The schedule was in place already" : "The schedule is in place",
      facts: changes.map { Summary.Fact(Self.word($0.kind), $0.path) }
        + [
          Summary.Fact(
            "Every night", "at \(Self.two(schedule.hour)):\(Self.two(schedule.minute)), into \(schedule.folder)")
        ]
        + (isEnabled ? [Summary.Fact("Switched on", BackupSchedule.timerName)] : []),
      nextSteps: nextSteps(isEnabled))
  }

  private func nextSteps(_ isEnabled: Bool) -> [Summary.Step] {
    let unit = BackupSchedule.unit
    let first: [Summary.Step] =
      manager == .cron
      ? ["Run it once now, to see whether it works: \(schedule.cronCommand)"]
      : (isEnabled ? [] : ["On the machine itself: \(Self.enabling)"]) + [
        "Run it once now, to see whether it works: systemctl start \(unit).service",
        "Does the report of a failure reach you? systemctl start \(unit)-failed.service",
        "When it runs next: systemctl list-timers \(BackupSchedule.timerName)",
      ]
    return first + [
      "Let another machine fetch the folder every day: a backup on the same disk does not protect against its loss"
    ]
      + schedule.elsewhere.map { Summary.Step($0.prefix(1).uppercased() + $0.dropFirst()) }
  }

  private func put(_ change: Change) throws {
    guard change.kind != .same else { return }
    guard let after = change.after else {
      unlink(change.path)
      return
    }
    try FileSystem.makeFolder(FileSystem.folder(of: change.path), mode: 0o755)
    try FileSystem.replace(change.path, with: after.utf8, mode: 0o644)
  }

  private func revert(_ change: Change) {
    if let before = change.before {
      try? FileSystem.replace(change.path, with: before.utf8, mode: 0o644)
    } else {
      unlink(change.path)
    }
  }

  /// - Returns: whether it was switched on; false where there is no systemctl.
  private func enable(_ progress: Progress) throws -> Bool {
    guard let systemctl else { return false }
    return try progress.phase(Phase.enable) { _ in
      for words in [["daemon-reload"], ["enable", "--now", BackupSchedule.timerName]] {
        let result = try Subprocess(systemctl, words, directory: "/").run(cancellation: progress.cancellation) { line in
          progress.note(SafeText.clean(line, limit: .path))
        }
        guard result.status == 0 else {
          throw PlainFailure(
            .command, "systemctl \(words.joined(separator: " "))",
            "ended with status \(result.status); the files are unchanged",
            remedy: "read its output, fix the cause, and repeat the command")
        }
      }
      return true
    }
  }

  /// Of a folder that stands for a machine, its own: this machine's systemd knows nothing of it.
  private var systemctl: String? {
    guard !root.isEmpty else { return Subprocess.find("systemctl") }
    return ["\(root)/usr/bin/systemctl", "\(root)/bin/systemctl"].first { access($0, X_OK) == 0 }
  }

  private static let enabling = "systemctl daemon-reload && systemctl enable --now \(BackupSchedule.timerName)"

  private static func word(_ kind: Change.Kind) -> String {
    switch kind {
    case .new: "New"
    case .same: "Unchanged"
    case .different: "Replaced"
    case .surplus: "Removed"
    }
  }

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
