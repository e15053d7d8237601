import Archive
import Common
import Glibc
import Sandbox
import Testing

@testable import Engine

@Suite("Which backups stay")
struct RetentionTests {
  private func backup(_ day: String, _ time: String = "03-30-00") -> BackupFile {
    let name = "aloha-backup-\(day)-\(time)-Abcdefgh.tar.gz"
    return BackupFile(path: "/b/\(name)", moment: BackupLayout.moment(fileName: name) ?? 0, bytes: 1)
  }

  private func kept(_ policy: RetentionPolicy, _ backups: [BackupFile]) -> [String] {
    policy.decide(backups.map { KnownBackup($0, .sound(.complete)) }).filter(\.isKept).map {
      String($0.backup.path.dropFirst(16).prefix(10))
    }
  }

  @Test("a name carries its moment, and one given by hand carries none")
  func moments() {
    let name = BackupLayout.fileName(.aloha, at: 1_795_406_400_000_000)
    #expect(BackupLayout.moment(fileName: name) == 1_795_406_400_000_000)
    #expect(BackupLayout.moment(fileName: "aloha-backup-before-upgrade.tar.gz") == nil)
  }

  @Test("the newest, one a day, one a week, one a month, each counted by itself")
  func periods() {
    let backups =
      (1...30).map { backup("2026-11-\($0 < 10 ? "0" : "")\($0)") } + [backup("2026-10-31"), backup("2026-09-15")]
    #expect(kept(RetentionPolicy(last: 2, daily: 0, weekly: 0, monthly: 0), backups) == ["2026-11-30", "2026-11-29"])
    // Weeks begin on Mondays: 30, 23 and 16 November are some.
    #expect(
      kept(RetentionPolicy(last: 0, daily: 0, weekly: 3, monthly: 0), backups) == [
        "2026-11-30", "2026-11-29", "2026-11-22",
      ])
    #expect(
      kept(RetentionPolicy(last: 0, daily: 0, weekly: 0, monthly: 3), backups) == [
        "2026-11-30", "2026-10-31", "2026-09-15",
      ])
    #expect(
      kept(RetentionPolicy(last: 1, daily: 2, weekly: 2, monthly: 2), backups) == [
        "2026-11-30", "2026-11-29", "2026-10-31",
      ])
  }

  @Test("of several on one day the newest")
  func oneDay() {
    let backups = [backup("2026-11-02", "01-00-00"), backup("2026-11-02", "23-00-00"), backup("2026-11-01")]
    let decisions = RetentionPolicy(last: 0, daily: 2, weekly: 0, monthly: 0).decide(
      backups.map { KnownBackup($0, .sound(.complete)) })
    #expect(decisions.map(\.isKept) == [true, false, true])
    #expect(decisions[0].backup.path.contains("23-00-00"))
  }

  @Test("the last one that is known to be good, whatever the policy says; others go")
  func pruning() throws {
    let server = try Disaster.server("pruned", messages: 5)
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/good.tar.gz")
      let good = try FileSystem.read("\(folder)/good.tar.gz")
      func put(_ day: String, _ bytes: [UInt8]) throws {
        try FileSystem.replace("\(folder)/aloha-backup-2026-11-\(day)-03-30-00-Abcdefgh.tar.gz", with: bytes)
      }
      var damaged = good
      damaged[damaged.count / 2] ^= 1
      try put("01", good)
      try put("02", good)
      try put("03", good)
      try put("04", damaged)
      try put("05", Array(good.prefix(1000)))
      try FileSystem.replace("\(folder)/notes.txt", with: "mine".utf8)
      let policy = RetentionPolicy(last: 1, daily: 0, weekly: 0, monthly: 0)
      let operation = PruneOperation(PruneOperation.Options(folder: folder, policy: policy))
      #expect(try operation.plan().destroys.count == 2)
      #expect(try FileSystem.names(in: folder).count == 7)

      let summary = try operation.run(progress: .silent)
      #expect(
        try FileSystem.names(in: folder).filter { !$0.hasPrefix(".") }.map {
          $0.contains("backup-") ? String($0.dropFirst(21).prefix(2)) : $0
        } == [
          "03", "04", "05", "good.tar.gz", "notes.txt",
        ])
      #expect(summary.warnings.count { $0.contains("damaged") } == 2)
    }
  }

  @Test("all of them, where none can be proved good")
  func nothingGood() throws {
    try Disaster.folder { folder in
      for day in ["01", "02", "03"] {
        try FileSystem.replace("\(folder)/aloha-backup-2026-11-\(day)-03-30-00-Abcdefgh.tar.gz", with: "no".utf8)
      }
      let policy = RetentionPolicy(last: 1, daily: 0, weekly: 0, monthly: 0)
      let failure = #expect(throws: PlainFailure.self) {
        try PruneOperation(PruneOperation.Options(folder: folder, policy: policy)).run(progress: .silent)
      }
      #expect(failure?.reason.contains("nothing was deleted") == true)
      #expect(try FileSystem.names(in: folder).filter(BackupFolder.isBackup).count == 3)
    }
  }
}

@Suite("A schedule for backups")
struct BackupScheduleTests {
  private static let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
  private let schedule = BackupSchedule(
    folder: "/srv/my backups", hour: 3, minute: 5, recipient: nil, program: "/usr/bin/aloha-wizard")

  @Test("is a service and a timer that systemd accepts", .enabled(if: Subprocess.find("systemd-analyze") != nil))
  func systemd() throws {
    try Disaster.folder { folder in
      let units = ["aloha-wizard-backup.service": schedule.service, "aloha-wizard-backup.timer": schedule.timer]
      for (name, text) in units {
        try FileSystem.replace(
          "\(folder)/\(name)", with: text.replacing("/usr/bin/aloha-wizard", with: "/bin/true").utf8)
      }
      let result = try Subprocess(
        try #require(Subprocess.find("systemd-analyze")), ["verify", "\(folder)/aloha-wizard-backup.timer"]
      ).run()
      let complaints = result.output.split(separator: "\n").filter { $0.contains("aloha-wizard-backup") }
      #expect(complaints == [])
    }
  }

  @Test("quotes what a shell and what systemd would take apart")
  func quoting() {
    #expect(BackupSchedule.shell(["a b", "it's", "--x=1"]) == "'a b' 'it'\\''s' --x=1")
    #expect(BackupSchedule.systemd(["a b", "50%", "$HOME"]) == "\"a b\" 50%% $$HOME")
    #expect(schedule.service.contains("ExecStart=/usr/bin/aloha-wizard backup --folder \"/srv/my backups\"\n"))
    #expect(schedule.cron.contains("5 3 * * *  root  nice /usr/bin/aloha-wizard backup --folder '/srv/my backups' && "))
  }

  @Test("rehearses on Sundays, but not where only the public key is")
  func rehearsals() {
    #expect(schedule.service.contains("--rehearse"))
    let encrypted = BackupSchedule(folder: "/b", recipient: Self.key, program: "/usr/bin/aloha-wizard")
    #expect(!encrypted.service.contains("--rehearse"))
    #expect(encrypted.service.contains("--encrypt-to \(Self.key)"))
  }
}

@Suite("RabbitMQ's queues")
struct RabbitQueuesTests {
  @Test("that hold nothing are left out, lines that are none too")
  func parse() {
    let queues = RabbitQueues.parse(
      "Timeout: 60.0 seconds\nuser_activity\t0\nmissedmessage_emails\t12\nnotify_tornado\t3\n")
    #expect(queues.map(\.name) == ["missedmessage_emails", "notify_tornado"])
    #expect(queues.map(\.messages) == [12, 3])
  }
}
