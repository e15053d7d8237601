import Common
import Glibc

/// Nightly backups as text: units for systemd, and the same as a crontab file, with each line explained.
///
/// Operators should read what runs on their server every night: ``InstallScheduleOperation`` installs the files only
/// after they were shown.
public struct BackupSchedule: Sendable, Codable, Equatable {
  /// The path of this program.
  public var program: String
  public var folder: String
  public var hour: Int
  public var minute: Int
  public var policy: RetentionPolicy
  public var recipient: String?
  /// Whether to rehearse the newest backup on Sundays; not possible if only the public key is on the machine.
  public var rehearses: Bool
  /// The folder of the node exporter's textfile collector; nil: no metrics.
  public var metricsFolder: String?
  /// `--root` and `--brand`, if they are not the defaults.
  public var serverWords: [String]
  /// The recipient of mail about a failure: an address, or a user of this machine.
  public var mailTo: String

  public init(
    folder: String, hour: Int = 3, minute: Int = 30, policy: RetentionPolicy = RetentionPolicy(),
    recipient: String? = nil, rehearses: Bool = true, metricsFolder: String? = nil, serverWords: [String] = [],
    program: String = BackupSchedule.ownPath, mailTo: String = "root"
  ) {
    self.folder = folder
    self.hour = hour
    self.minute = minute
    self.policy = policy
    self.recipient = recipient
    self.rehearses = rehearses && recipient == nil
    self.metricsFolder = metricsFolder
    self.serverWords = serverWords
    self.program = program
    self.mailTo = mailTo
  }

  public static var ownPath: String {
    guard let path = realpath("/proc/self/exe", nil) else { return "/usr/local/bin/\(Program.name)" }
    defer { free(path) }
    return String(cString: path)
  }

  /// Returns why texts with these values would not work as stated; nil if they would.
  public func objection() -> String? {
    let paths =
      [("the folder", folder), ("the program", program)] + (metricsFolder.map { [("the metrics", $0)] } ?? [])
    for (name, path) in paths {
      if let problem = InputRule.absolutePath(path) { return "\(name): \(problem)" }
    }
    for word in serverWords {
      if let problem = InputRule.path(word) { return "the server: \(problem)" }
    }
    if let recipient, let problem = InputRule.recipient(recipient) { return "the public key: \(problem)" }
    if let problem = InputRule.mailbox(mailTo) { return "who gets mail: \(problem)" }
    let numbers = [policy.last, policy.daily, policy.weekly, policy.monthly]
    guard numbers.allSatisfy(InputRule.kept.contains), numbers.contains(where: { $0 > 0 }) else {
      return "the numbers of backups to keep: 0 to 9999, one of them more than 0"
    }
    return (0...23).contains(hour) && (0...59).contains(minute) ? nil : "the time: an hour and a minute, as in 03:30"
  }

  /// The same as a command of this program, without the server.
  public var words: [String] {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    var words = ["backup", "schedule", folder, "--time", "\(two(hour)):\(two(minute))"] + policy.words
    if let recipient { words += ["--encrypt-to", recipient] }
    if let metricsFolder { words += ["--metrics", metricsFolder] }
    if mailTo != "root" { words += ["--mail-to", mailTo] }
    if !rehearses && recipient == nil { words.append("--no-rehearse") }
    return words
  }

  // MARK: The files

  /// The service that starts the backup.
  public enum Manager: String, Sendable, Codable, CaseIterable {
    case systemd, cron
  }

  public struct File: Sendable, Encodable, Equatable {
    /// The absolute path.
    public let path: String
    public let text: String
  }

  static let unit = "\(Program.name)-backup"
  private static let failureUnit = "\(unit)-failed"
  public static let timerName = "\(unit).timer"
  public static let cronPath = "/etc/cron.d/\(unit)"
  static let unitFolder = "/etc/systemd/system"

  public func files(for manager: Manager) -> [File] {
    switch manager {
    case .systemd:
      [
        File(path: "\(Self.unitFolder)/\(Self.unit).service", text: service),
        File(path: "\(Self.unitFolder)/\(Self.failureUnit).service", text: failureService),
        File(path: "\(Self.unitFolder)/\(Self.timerName)", text: timer),
      ]
    case .cron: [File(path: Self.cronPath, text: cron)]
    }
  }

  var backup: [String] {
    [program, "backup", "--folder", folder] + serverWords + (recipient.map { ["--encrypt-to", $0] } ?? [])
  }

  var prune: [String] { [program, "backup", "prune", folder] + policy.words + ["--yes"] }

  var rehearsal: [String] {
    let metrics = metricsFolder.map { ["--prometheus", "\($0)/\(Program.name).prom"] } ?? []
    return [program, "restore", "--rehearse", "--newest-in", folder, "--nagios"] + serverWords + metrics
  }

  /// The unit `/etc/systemd/system/aloha-wizard-backup.service`.
  public var service: String {
    let sundays = "[ \"$(date +%u)\" != 7 ] || exec \(Self.shell(rehearsal))"
    let rehearse =
      rehearses
      ? "# Sundays: restore the newest backup into a throw-away database and compare it. A failure shows in systemctl.\n"
        + "ExecStart=\(Self.systemd(["/bin/sh", "-c", sundays]))\n" : ""
    let root = serverWords.firstIndex(of: "--root").flatMap { index in serverWords.dropFirst(index + 1).first }
    let writable = ([folder] + [metricsFolder, root].compactMap { $0 }).map { Self.unitPath("-\($0)") }
    return """
      [Unit]
      Description=Backup of the chat server
      # The database has to be there before it can be dumped.
      After=postgresql.service
      # A failure is reported, see that unit. A backup that was never begun is not: let monitoring watch the age of the
      # newest file too.
      OnFailure=\(Self.failureUnit).service

      [Service]
      Type=oneshot
      # People come first: the backup takes what processor and disk are left.
      Nice=10
      IOSchedulingClass=idle
      # Files of the backup are for root alone.
      UMask=0077
      # What it need not do it cannot do: it reads everything, and writes to its folder, /var and /tmp.
      NoNewPrivileges=yes
      ProtectSystem=full
      ProtectHome=read-only
      ReadWritePaths=\(writable.joined(separator: " "))
      ProtectKernelModules=yes
      ProtectKernelTunables=yes
      ProtectControlGroups=yes
      RestrictRealtime=yes
      RestrictNamespaces=yes
      LockPersonality=yes
      ExecStart=\(Self.systemd(backup))
      # Runs only if the backup succeeded, and keeps the last backup that is known to be good in any case.
      ExecStart=\(Self.systemd(prune))
      \(rehearse)
      """
  }

  /// The unit `/etc/systemd/system/aloha-wizard-backup-failed.service`, started when the backup fails.
  public var failureService: String {
    let name = "\(Self.unit).service"
    let log = "logger -p daemon.crit -t \(Self.unit) 'The backup or its rehearsal failed, see: journalctl -u \(name)'"
    let mail =
      "command -v sendmail >/dev/null || exit 0; { echo 'To: \(mailTo)'; echo \"Subject: The backup of $(hostname) failed\"; "
      + "echo; journalctl --no-pager -n 40 -u \(name); } | sendmail \(Self.shell([mailTo]))"
    return """
      [Unit]
      Description=Report of a failed backup of the chat server

      [Service]
      Type=oneshot
      # Into the system's log, with a priority that monitoring looks for.
      ExecStart=-\(Self.systemd(["/bin/sh", "-c", log]))
      # By mail, where this machine can send mail: the last lines that the backup has printed. Put your own way of being
      # told here, a call of your monitoring for instance.
      ExecStart=-\(Self.systemd(["/bin/sh", "-c", mail]))

      """
  }

  /// The unit `/etc/systemd/system/aloha-wizard-backup.timer`.
  public var timer: String {
    """
    [Unit]
    Description=Nightly backup of the chat server

    [Timer]
    # Every night, in the machine's own time zone.
    OnCalendar=*-*-* \(Self.two(hour)):\(Self.two(minute)):00
    # Where the machine was off at that time, it runs when the machine is on again.
    Persistent=true
    # Servers that share a disk or a network do not all begin at once.
    RandomizedDelaySec=10min

    [Install]
    WantedBy=timers.target

    """
  }

  /// The command that cron runs every night, for a shell.
  var cronCommand: String { "\(Self.shell(backup)) && \(Self.shell(prune))" }

  /// The file `/etc/cron.d/aloha-wizard-backup`, for machines without systemd.
  public var cron: String {
    let later = "\(minute) \((hour + 2) % 24) * * 0"
    let rehearse = rehearses ? "\(later)  root  \(Self.cron(Self.shell(rehearsal)))\n" : ""
    return """
      # What is printed is mailed to \(mailTo); without mail a failure goes unseen, so monitor the age of the newest backup
      # too.
      MAILTO=\(mailTo)
      \(minute) \(hour) * * *  root  nice \(Self.cron(cronCommand))
      \(rehearse)
      """
  }

  /// The installation steps, one per line.
  public var steps: [String] {
    [
      "mkdir -m 0700 -p \(Self.shell([folder]))",
      "write the files to \(Self.unitFolder), or the one for cron to \(Self.cronPath)",
      "systemctl daemon-reload && systemctl enable --now \(Self.timerName)",
      "systemctl start \(Self.unit).service    (once now, to see whether it works)",
      "systemctl list-timers \(Self.timerName)",
      "systemctl start \(Self.failureUnit).service    (once now: does its report reach you?)",
      "let another machine fetch the folder every day: a backup on the same disk is lost with the disk",
    ] + elsewhere
  }

  /// The steps to rehearse encrypted backups, which is not possible on this machine.
  public var elsewhere: [String] {
    guard recipient != nil else { return [] }
    let words = [Program.name, "restore", "--rehearse", "--newest-in", folder, "--identity", "KEYFILE", "--nagios"]
    return [
      "rehearse on another machine: the private key is not on this one, so the backups cannot be rehearsed here. On a "
        + "machine that fetches the folder and may have the key, every week: \(Self.shell(words))",
      "whether a copy is what was written, that is known without the key: \(Program.name) verify FILE (with the .sha256 "
        + "beside it)",
    ]
  }

  // MARK: Quoting

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  /// Quotes words for a shell: in single quotes, unless they contain only plain characters.
  static func shell(_ words: [String]) -> String {
    words.map { word in
      let isPlain =
        !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=:@,+".contains($0)) }
      return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }.joined(separator: " ")
  }

  /// Escapes each "%", which cron treats as the end of a line, even in quotes.
  static func cron(_ command: String) -> String { command.replacing("%", with: "\\%") }

  /// Quotes words for ExecStart: in double quotes, with the characters that systemd expands doubled.
  static func systemd(_ words: [String]) -> String {
    words.map { word in
      let escaped = word.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("%", with: "%%")
        .replacing("$", with: "$$")
      // A single semicolon separates commands, and an empty word would be lost.
      let isPlain = !escaped.isEmpty && escaped != ";" && !escaped.contains { " '\";#".contains($0) }
      return isPlain ? escaped : "\"\(escaped)\""
    }.joined(separator: " ")
  }

  /// Quotes a path for a unit's setting: there, "$" has no special meaning.
  private static func unitPath(_ path: String) -> String {
    let escaped = path.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("%", with: "%%")
    return escaped.contains { " '\"".contains($0) } ? "\"\(escaped)\"" : escaped
  }
}
