import Common
import Glibc
import Testing

@testable import Operations
@testable import WholeServer

@Suite("Putting a schedule for backups in place")
struct InstallScheduleTests {
  /// A folder in place of a machine, with or without systemd, and a fake `systemctl`.
  private struct Machine {
    let root: String
    let backups: String

    init(_ folder: String, hasSystemd: Bool, systemctl: String? = nil) throws {
      root = "\(folder)/machine"
      backups = "\(folder)/backups"
      try FileSystem.makeFolder("\(root)/etc", mode: 0o755)
      if hasSystemd { try FileSystem.makeFolder("\(root)/run/systemd/system", mode: 0o755) }
      guard let systemctl else { return }
      try FileSystem.makeFolder("\(root)/usr/bin", mode: 0o755)
      try FileSystem.replace("\(root)/usr/bin/systemctl", with: "#!/bin/sh\n\(systemctl)\n".utf8, mode: 0o755)
    }

    func operation(_ change: (inout BackupSchedule) -> Void = { _ in }) -> InstallScheduleOperation {
      var schedule = BackupSchedule(folder: backups, serverWords: ["--root", root], program: "/bin/true")
      change(&schedule)
      return InstallScheduleOperation(ServerReference(root: root), .init(schedule))
    }

    func text(_ path: String) throws -> String { String(decoding: try FileSystem.read(root + path), as: UTF8.self) }
    func exists(_ path: String) -> Bool { FileSystem.exists(root + path) }
  }

  private static let service = "/etc/systemd/system/aloha-wizard-backup.service"
  private static let failed = "/etc/systemd/system/aloha-wizard-backup-failed.service"
  private static let timer = "/etc/systemd/system/aloha-wizard-backup.timer"

  @Test("Installing a schedule writes the units and enables the timer; repeating it changes nothing")
  func systemd() throws {
    try Disaster.folder { folder in
      let machine = try Machine(folder, hasSystemd: true, systemctl: "echo \"$@\" >>\(folder)/called")
      let operation = machine.operation()
      #expect(operation.manager == .systemd)
      #expect(operation.shown().contains("OnFailure=aloha-wizard-backup-failed.service"))
      let summary = try operation.perform(.silent)
      #expect(summary.facts.contains { $0.name == "Switched on" })
      #expect(try machine.text(Self.service) == operation.options.schedule.service)
      #expect(machine.exists(Self.failed) && machine.exists(Self.timer) && !machine.exists(BackupSchedule.cronPath))
      var status = stat()
      #expect(stat(machine.backups, &status) == 0 && status.st_mode & 0o777 == 0o700)
      let called = "daemon-reload\nenable --now aloha-wizard-backup.timer\n"
      #expect(String(decoding: try FileSystem.read("\(folder)/called"), as: UTF8.self) == called)

      let again = try operation.perform(.silent)
      #expect(again.title.contains("already") && again.facts.filter { $0.name == "Unchanged" }.count == 3)
      #expect(operation.changes().allSatisfy { $0.kind == .same })
      #expect(try operation.plan().destroys.isEmpty)
    }
  }

  @Test("Installing a schedule shows the differences from existing files, and replaces them")
  func differences() throws {
    try Disaster.folder { folder in
      let machine = try Machine(folder, hasSystemd: true)
      _ = try machine.operation().perform(.silent)
      let later = machine.operation { $0.hour = 5 }
      let shown = later.shown()
      #expect(shown.contains("-OnCalendar=*-*-* 03:30:00") && shown.contains("+OnCalendar=*-*-* 05:30:00"))
      #expect(shown.contains("# Unchanged: \(machine.root)\(Self.service)"))
      #expect(try later.plan().destroys == ["the text that is in \(machine.root)\(Self.timer) now"])
      #expect(try later.check().contains { $0.subject == "files" && $0.severity == .warning })
      let summary = try later.perform(.silent)
      #expect(try machine.text(Self.timer).contains("05:30"))
      // Without systemctl in this folder the timer is not enabled, and the summary does not claim it.
      #expect(!summary.facts.contains { $0.name == "Switched on" })
      #expect(summary.nextStepLines.contains { $0.contains("systemctl enable --now") || $0.contains("enable --now") })
    }
  }

  @Test("Without systemd the schedule is installed for cron, and never for both")
  func cron() throws {
    try Disaster.folder { folder in
      let machine = try Machine(folder, hasSystemd: false)
      _ = try machine.operation().perform(.silent)
      #expect(try machine.text(BackupSchedule.cronPath) == machine.operation().options.schedule.cron)
      #expect(!machine.exists(Self.service))

      try FileSystem.makeFolder("\(machine.root)/run/systemd/system", mode: 0o755)
      let operation = machine.operation()
      #expect(operation.changes().contains { $0.kind == .surplus })
      _ = try operation.perform(.silent)
      #expect(machine.exists(Self.timer) && !machine.exists(BackupSchedule.cronPath))
    }
  }

  @Test("A failed installation of a schedule leaves the files unchanged")
  func failure() throws {
    try Disaster.folder { folder in
      let machine = try Machine(folder, hasSystemd: true, systemctl: "case $1 in enable) exit 1;; esac")
      try FileSystem.makeFolder("\(machine.root)/etc/systemd/system", mode: 0o755)
      try FileSystem.replace(machine.root + Self.timer, with: "mine\n".utf8)
      #expect(throws: PlainFailure.self) { try machine.operation().perform(.silent) }
      #expect(try machine.text(Self.timer) == "mine\n")
      #expect(!machine.exists(Self.service) && !machine.exists(Self.failed))
    }
  }

  @Test(
    "A schedule that would not work is refused",
    arguments: ["relative", "/with\nline", "", "/with\u{1B}escape"])
  func refused(folder: String) throws {
    try Disaster.folder { place in
      let machine = try Machine(place, hasSystemd: true)
      let operation = machine.operation { $0.folder = folder }
      #expect(try operation.check().contains { $0.severity == .blocker })
      #expect(throws: Blocked.self) { try operation.perform(.silent) }
      #expect(!machine.exists("/etc/systemd"))
    }
  }

  @Test("A schedule with an invalid key, address or number is refused")
  func values() {
    let good = BackupSchedule(folder: "/b", program: "/bin/true")
    #expect(good.objection() == nil)
    let changes: [(inout BackupSchedule) -> Void] = [
      { $0.recipient = "notakey" }, { $0.mailTo = "root\nMAILTO=x" }, { $0.mailTo = "-t" }, { $0.hour = 24 },
      { $0.minute = -1 }, { $0.policy = RetentionPolicy(last: 0, daily: 0, weekly: 0, monthly: 0) },
      { $0.policy.last = -1 }, { $0.policy.last = .max }, { $0.serverWords = ["--root", "/a\nb"] },
      { $0.metricsFolder = "relative" }, { $0.program = "aloha-wizard" },
    ]
    for change in changes {
      var schedule = good
      change(&schedule)
      #expect(schedule.objection() != nil, "\(schedule)")
    }
  }
}
