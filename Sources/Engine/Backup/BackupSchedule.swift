import Common
import Glibc

/// Nightly backups as text: a systemd service and its timer, and the same as a line for cron, each line explained.
///
/// Nothing is installed: what runs every night on a server should have been read by whoever answers for it.
public struct BackupSchedule: Sendable, Equatable {
  /// The program's own path.
  public var program: String
  public var folder: String
  public var hour: Int
  public var minute: Int
  public var policy: RetentionPolicy
  public var recipient: String?
  /// Rehearse the newest backup on Sundays; not possible where only the public key is here.
  public var rehearses: Bool
  /// Where Prometheus' node exporter looks for text files; nil: no metrics.
  public var metricsFolder: String?
  /// `--root` and `--brand`, where they are not the defaults.
  public var serverWords: [String]

  public init(
    folder: String, hour: Int = 3, minute: Int = 30, policy: RetentionPolicy = RetentionPolicy(),
    recipient: String? = nil, rehearses: Bool = true, metricsFolder: String? = nil, serverWords: [String] = [],
    program: String = BackupSchedule.ownPath
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
  }

  public static var ownPath: String {
    guard let path = realpath("/proc/self/exe", nil) else { return "/usr/local/bin/\(Program.name)" }
    defer { free(path) }
    return String(cString: path)
  }

  private static let unit = "\(Program.name)-backup"

  var backup: [String] {
    [program, "backup", "--folder", folder] + serverWords + (recipient.map { ["--encrypt-to", $0] } ?? [])
  }

  var prune: [String] {
    [
      program, "backup", "prune", folder, "--keep-last", "\(policy.last)", "--keep-daily", "\(policy.daily)",
      "--keep-weekly", "\(policy.weekly)", "--keep-monthly", "\(policy.monthly)", "--yes",
    ]
  }

  var rehearsal: [String] {
    let metrics = metricsFolder.map { ["--prometheus", "\($0)/\(Program.name).prom"] } ?? []
    return [program, "restore", "--rehearse", "--newest-in", folder, "--nagios"] + serverWords + metrics
  }

  /// `/etc/systemd/system/aloha-wizard-backup.service`.
  public var service: String {
    let rehearse =
      rehearses
      ? "# Sundays: restore the newest backup into a throw-away database and compare it. A failure shows in systemctl.\n"
        + "ExecStart=/bin/sh -c '[ \"$(date +%%u)\" != 7 ] || exec \(Self.shell(rehearsal).replacing("%", with: "%%"))'\n"
      : ""
    return """
      [Unit]
      Description=Backup of the chat server
      # The database has to be there before it can be dumped.
      After=postgresql.service

      [Service]
      Type=oneshot
      # People come first: the backup takes what processor and disk are left.
      Nice=10
      IOSchedulingClass=idle
      # Files of the backup are for root alone.
      UMask=0077
      ExecStart=\(Self.systemd(backup))
      # Runs only if the backup succeeded, and keeps the last backup that is known to be good in any case.
      ExecStart=\(Self.systemd(prune))
      \(rehearse)
      """
  }

  /// `/etc/systemd/system/aloha-wizard-backup.timer`.
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

  /// `/etc/cron.d/aloha-wizard-backup`, for machines without systemd.
  public var cron: String {
    let rehearse =
      rehearses
      ? "\(minute) \((hour + 2) % 24) * * 0  root  \(Self.shell(rehearsal).replacing("%", with: "\\%"))\n" : ""
    return """
      # What is printed is mailed to root; without mail a failure goes unseen, so monitor the age of the newest backup too.
      MAILTO=root
      \(minute) \(hour) * * *  root  nice \(Self.shell(backup)) && \(Self.shell(prune))
      \(rehearse)
      """
  }

  /// What to do with the texts, one step a line.
  public var steps: [String] {
    [
      "mkdir -m 0700 -p \(Self.shell([folder]))",
      "write the service to /etc/systemd/system/\(Self.unit).service",
      "write the timer to /etc/systemd/system/\(Self.unit).timer",
      "systemctl daemon-reload && systemctl enable --now \(Self.unit).timer",
      "systemctl start \(Self.unit).service    (once now: a schedule that never ran is a hope)",
      "systemctl list-timers \(Self.unit).timer",
      "let another machine fetch the folder every day: a backup on the same disk is none",
    ]
  }

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  /// For a shell: in single quotes where there is anything but plain characters.
  static func shell(_ words: [String]) -> String {
    words.map { word in
      let isPlain =
        !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=:@,+".contains($0)) }
      return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }.joined(separator: " ")
  }

  /// For ExecStart: in double quotes, with what systemd expands doubled.
  static func systemd(_ words: [String]) -> String {
    words.map { word in
      let escaped = word.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("%", with: "%%")
        .replacing("$", with: "$$")
      return escaped.contains(" ") || escaped.contains("'") ? "\"\(escaped)\"" : escaped
    }.joined(separator: " ")
  }
}
