import Archive
import Common
import Glibc
import Sandbox
import Testing

@testable import Operations
@testable import Server
@testable import WholeServer

@Suite("Retention of backups")
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

  @Test("The time is read from a generated name, and is nil for others")
  func moments() {
    let name = BackupLayout.fileName(.aloha, at: 1_795_406_400_000_000)
    #expect(BackupLayout.moment(fileName: name) == 1_795_406_400_000_000)
    #expect(BackupLayout.moment(fileName: "aloha-backup-before-upgrade.tar.gz") == nil)
  }

  @Test("The newest backups, and one per day, week and month, are kept, each counted separately")
  func periods() {
    let backups =
      (1...30).map { backup("2026-11-\($0 < 10 ? "0" : "")\($0)") } + [backup("2026-10-31"), backup("2026-09-15")]
    #expect(kept(RetentionPolicy(last: 2, daily: 0, weekly: 0, monthly: 0), backups) == ["2026-11-30", "2026-11-29"])
    // Weeks begin on Mondays, for example on 30, 23 and 16 November.
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

  @Test("The newest of several backups of a day is kept")
  func oneDay() {
    let backups = [backup("2026-11-02", "01-00-00"), backup("2026-11-02", "23-00-00"), backup("2026-11-01")]
    let decisions = RetentionPolicy(last: 0, daily: 2, weekly: 0, monthly: 0).decide(
      backups.map { KnownBackup($0, .sound(.complete)) })
    #expect(decisions.map(\.isKept) == [true, false, true])
    #expect(decisions[0].backup.path.contains("23-00-00"))
  }

  @Test("The newest intact backup is kept, whatever the policy is")
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

      let summary = try operation.perform(.silent)
      #expect(
        try FileSystem.names(in: folder).filter { !$0.hasPrefix(".") }.map {
          $0.contains("backup-") ? String($0.dropFirst(21).prefix(2)) : $0
        } == [
          "03", "04", "05", "good.tar.gz", "notes.txt",
        ])
      #expect(summary.warnings.count { $0.contains("damaged") } == 2)
    }
  }

  @Test("All backups are kept if none is proved intact")
  func nothingGood() throws {
    try Disaster.folder { folder in
      for day in ["01", "02", "03"] {
        try FileSystem.replace("\(folder)/aloha-backup-2026-11-\(day)-03-30-00-Abcdefgh.tar.gz", with: "no".utf8)
      }
      let policy = RetentionPolicy(last: 1, daily: 0, weekly: 0, monthly: 0)
      let failure = #expect(throws: PlainFailure.self) {
        try PruneOperation(PruneOperation.Options(folder: folder, policy: policy)).perform(.silent)
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

  @Test(
    "A schedule is a service and a timer that systemd accepts", .enabled(if: Subprocess.find("systemd-analyze") != nil))
  func systemd() throws {
    try Disaster.folder { folder in
      var odd = schedule
      odd.program = "/bin/true"
      odd.folder = "/srv/50% of \"my\" back$ups; it's"
      odd.serverWords = ["--root", "/srv/it's here"]
      odd.metricsFolder = "/var/lib/node exporter"
      for schedule in [odd, BackupSchedule(folder: "/b", recipient: Self.key, program: "/bin/true")] {
        var names: [String] = []
        for file in schedule.files(for: .systemd) {
          names.append("\(folder)/\(file.path.split(separator: "/").last ?? "")")
          try FileSystem.replace(names[names.count - 1], with: file.text.utf8)
        }
        let result = try Subprocess(try #require(Subprocess.find("systemd-analyze")), ["verify"] + names).run()
        let complaints = result.output.split(separator: "\n").filter { $0.contains("aloha-wizard-backup") }
        #expect(complaints == [])
      }
    }
  }

  @Test("Special characters are quoted for a shell and for systemd")
  func quoting() {
    #expect(BackupSchedule.shell(["a b", "it's", "--x=1"]) == "'a b' 'it'\\''s' --x=1")
    #expect(BackupSchedule.systemd(["a b", "50%", "$HOME"]) == "\"a b\" 50%% $$HOME")
    #expect(schedule.service.contains("ExecStart=/usr/bin/aloha-wizard backup --folder \"/srv/my backups\"\n"))
    #expect(schedule.cron.contains("5 3 * * *  root  nice /usr/bin/aloha-wizard backup --folder '/srv/my backups' && "))
  }

  @Test(
    "The rehearsal's shell gets the unquoted name of the folder", arguments: ["it's 5%", "a b", "$x"])
  func rehearsedFolder(name: String) throws {
    let schedule = BackupSchedule(folder: "/srv/\(name)", program: "/bin/echo")
    let line = try #require(schedule.service.split(separator: "\n").first { $0.contains("/bin/sh") })
    // Splits the line as systemd does: the last word is the script.
    let quoted = try #require(line.split(separator: "/bin/sh -c ", maxSplits: 1).last)
    let script = quoted.dropFirst().dropLast().replacing("\\\"", with: "\"").replacing("%%", with: "%")
      .replacing("$$", with: "$").replacing("\\\\", with: "\\").replacing("!= 7", with: "= never")
    let said = try Subprocess("/bin/sh", ["-c", String(script)]).runChecked()
    #expect(said.contains("--newest-in /srv/\(name) --nagios"))
  }

  @Test("Percent signs are escaped for cron")
  func percent() {
    let schedule = BackupSchedule(folder: "/srv/100%", program: "/usr/bin/aloha-wizard")
    let lines = schedule.cron.split(separator: "\n").filter { $0.contains("/srv/100") }
    #expect(lines.count == 2 && lines.allSatisfy { !$0.replacing("\\%", with: "").contains("%") })
    #expect(lines[0].contains("--folder '/srv/100\\%'"))
  }

  @Test("A failed backup is reported")
  func failure() {
    var schedule = schedule
    schedule.mailTo = "ops@example.com"
    #expect(schedule.service.contains("OnFailure=aloha-wizard-backup-failed.service\n"))
    #expect(schedule.files(for: .systemd).contains { $0.path.hasSuffix("/aloha-wizard-backup-failed.service") })
    #expect(schedule.failureService.contains("logger") && schedule.failureService.contains("sendmail ops@example.com"))
    #expect(schedule.cron.contains("MAILTO=ops@example.com\n"))
  }

  @Test("A schedule of encrypted backups lists how another machine rehearses them")
  func elsewhere() {
    #expect(schedule.elsewhere.isEmpty)
    let encrypted = BackupSchedule(folder: "/b", recipient: Self.key, program: "/usr/bin/aloha-wizard")
    #expect(encrypted.steps.contains { $0.contains("--rehearse --newest-in /b --identity KEYFILE --nagios") })
  }

  @Test("A rehearsal is scheduled on Sundays, except for encrypted backups")
  func rehearsals() {
    #expect(schedule.service.contains("--rehearse"))
    let encrypted = BackupSchedule(folder: "/b", recipient: Self.key, program: "/usr/bin/aloha-wizard")
    #expect(!encrypted.service.contains("--rehearse"))
    #expect(encrypted.service.contains("--encrypt-to \(Self.key)"))
  }
}

@Suite("Data outside a backup")
struct NotInBackupTests {
  @Test("Data outside a backup is listed with the command that saves it, and unknown queues are reported")
  func named() throws {
    let server = try Disaster.server("notinbackup", messages: 0)
    for path in ["var/log/aloha", "etc/ssl/private", "etc/letsencrypt"] {
      try FileSystem.makeFolder("\(server.root)/\(path)")
    }
    try FileSystem.replace("\(server.root)/etc/ssl/private/aloha.key", with: "key".utf8)
    let findings = try BackupOperation(ServerReference(root: server.root), .init(output: "/tmp/never.tar.gz")).check()
    func remedy(_ name: String) -> String? { findings.first { $0.subject == "not in it: \(name)" }?.remedy }
    #expect(remedy("logs") == "umask 077; tar -czf aloha-logs.tar.gz -C \(server.root) var/log/aloha")
    // Only existing files, in a command that runs.
    let command = try #require(remedy("certificates"))
    #expect(command.hasSuffix(" -C \(server.root) etc/ssl/private/aloha.key etc/letsencrypt"))
    let folder = "/tmp/aloha-tests-\(RandomText.alphanumeric(10))"
    try FileSystem.makeFolder(folder)
    defer { try? FileSystem.removeTree(folder) }
    #expect(try Subprocess("/bin/sh", ["-ec", command], directory: folder).run().status == 0)
    #expect(FileSystem.exists("\(folder)/aloha-certificates.tar.gz"))
    #expect(remedy("tasks in RabbitMQ")?.contains("rabbitmqctl list_queues") == true)
    #expect(remedy("files in S3") == nil)
    #expect(findings.contains { $0.subject == "queues" && $0.reason.contains("could not be looked at") })
  }

  @Test("The buckets of a server with files in S3 are listed")
  func buckets() throws {
    let server = try Disaster.server("notinbackups3", messages: 0)
    let path = "\(server.configuration)/settings.py"
    let text = String(decoding: try FileSystem.read(path), as: UTF8.self).split(separator: "\n").filter {
      !$0.hasPrefix("LOCAL_UPLOADS_DIR")
    }.joined(separator: "\n")
    try FileSystem.replace(
      path, with: "\(text)\nS3_AUTH_UPLOADS_BUCKET = 'chat-files'\nS3_AVATAR_BUCKET = 'chat-avatars'\n".utf8)
    let list = NotInBackup.list(try Installation(root: server.root))
    let s3 = try #require(list.first { $0.name == "files in S3" }?.remedy)
    #expect(s3.contains("s3://chat-files FOLDER/") && s3.contains("s3://chat-avatars FOLDER/"))
  }
}
