import Common
import Foundation
import Postgres
import Sandbox
import Testing

@Suite("Exit codes", .serialized)
struct ExitCodeTests {
  private func status(_ words: [String], in folder: String = "/") throws -> Int32 {
    try TestProgram.run(words, in: folder).status
  }

  @Test("An existing file, folder or organization ends with 31, in dry runs too")
  func conflicts() throws {
    let old = try Servers.old().root
    let archive = try Servers.archive()
    try withFolder { folder in
      let file = "\(folder)/there.tar.gz"
      try FileSystem.replace(file, with: "mine".utf8)
      for more in [[], ["--dry-run"]] {
        #expect(try status(["export", "-r", "harbour", "--output", file, "--root", old] + more) == 31)
        #expect(try status(["backup", "--output", file, "--root", old] + more) == 31)
        #expect(try status(["import", "harbour", archive, "--root", old] + more) == 31)
        #expect(
          try status(["organization", "change-subdomain", "-r", "harbour", "harbour2", "--root", old, "--dry-run"])
            != 31)
        // The redirect is another obstacle here: only the server's own command can create it.
        #expect(
          try status(
            ["organization", "change-subdomain", "-r", "harbour", "alohainternal", "--skip-redirect", "--root", old]
              + more) == 31)
      }
      #expect(try FileSystem.read(file) == Array("mine".utf8))
    }
    #expect(
      try status(["verify", archive, "--against-server", "--root", old]) == 31)
  }

  @Test("An operation whose state exists already ends with 31, changes nothing and leaves no job")
  func nothingToDo() throws {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.harbour, messages: 5))
    let root = ["--root", server.root]
    func value(_ query: String) throws -> String? {
      let connection = try server.connect()
      defer { connection.close() }
      return try connection.value(query)
    }
    func refuse(_ words: [String], _ code: Int32, _ reason: String) throws {
      let before = try value("SELECT count(*) FROM zerver_realmauditlog")
      let jobs = try TestProgram.run(["jobs", "list", "--json"] + root).lines.count
      for more in [[], ["--dry-run"], ["--json"], ["--detach"]] {
        let outcome = try TestProgram.run(words + more + root)
        #expect(outcome.status == code, "\(words + more): \(outcome.output)\(outcome.error)")
        #expect((outcome.output + outcome.error).contains(reason), "\(words): \(outcome.output)\(outcome.error)")
      }
      #expect(try value("SELECT count(*) FROM zerver_realmauditlog") == before)
      #expect(try TestProgram.run(["jobs", "list", "--json"] + root).lines.count == jobs, "\(words)")
    }
    try refuse(["organization", "reactivate", "harbour"], 31, "is active already: there is nothing to do")
    #expect(try status(["organization", "deactivate", "harbour"] + root) == 0)
    try refuse(["organization", "deactivate", "harbour"], 31, "is deactivated already: there is nothing to do")
    #expect(try status(["organization", "reactivate", "harbour"] + root) == 0)
    try refuse(["organization", "change-subdomain", "harbour", "harbour"], 31, "already: there is nothing to do")
    try refuse(["settings", "undo"], 32, "no copied settings are left to undo")
    try refuse(
      ["settings", "copy", "--from", try Servers.old().root, "--without-advice"], 31, "there is nothing to do")
  }

  @Test("A folder of the kernel cannot hold an archive, and is named as the reason")
  func kernelFolder() throws {
    let old = try Servers.old().root
    for words in [["export", "-r", "harbour"], ["backup"]] {
      let outcome = try TestProgram.run(words + ["--output", "/proc/x.tar.gz", "--root", old])
      #expect(outcome.status == 30, "\(outcome.error)")
      #expect(outcome.error.contains("/proc belongs to a file system of the kernel"), "\(outcome.error)")
      #expect(!outcome.error.contains("free"), "\(outcome.error)")
    }
  }

  @Test("The error for a damaged archive names the archive")
  func damagedArchive() throws {
    let old = try Servers.old().root
    try withFolder { folder in
      try Subprocess("/usr/bin/tar", ["-xzf", try Servers.archive(), "-C", folder]).runChecked()
      let unpacked = try #require(try FileSystem.names(in: folder).first)
      try FileSystem.removeTree("\(folder)/\(unpacked)/manifest.json")
      try FileSystem.replace("\(folder)/\(unpacked)/messages-000001.json", with: "{\"zerver_message\": [,]}".utf8)
      let archive = "\(folder)/rows.tar.gz"
      try Subprocess("/usr/bin/tar", ["-czf", archive, "-C", folder, unpacked]).runChecked()
      var bytes = try FileSystem.read(try Servers.archive())
      bytes.removeLast(bytes.count / 2)
      try FileSystem.replace("\(folder)/half.tar.gz", with: bytes)
      for path in [archive, "\(folder)/half.tar.gz", "\(folder)/\(unpacked)"] {
        for words in [
          ["verify", path], ["import", "lagoon", path, "--root", old],
          ["import", "lagoon", path, "--dry-run", "--root", old], ["inspect", path],
        ] {
          let outcome = try TestProgram.run(words)
          // Inspecting reads the rows of an export only for its facts.
          if words[0] == "inspect", outcome.status == 0 { continue }
          #expect(outcome.status == 21, "\(words): \(outcome.output)\(outcome.error)")
          #expect(outcome.error.contains("\(path): "), "\(words): \(outcome.error)")
        }
      }
    }
  }

  @Test("Another obstacle besides an existing name ends with 30")
  func blocked() throws {
    let old = try Servers.old().root
    try withFolder { folder in
      let file = "\(folder)/there.tar.gz"
      try FileSystem.replace(file, with: "mine".utf8)
      let words = ["export", "-r", "alohainternal", "--output", file, "--root", old]
      #expect(try status(words) == 30)
      #expect(try status(words + ["--dry-run"]) == 30)
    }
  }

  @Test("A refusal of an existing name is no failed job that can be run again")
  func refused() throws {
    let old = try Servers.old().root
    #expect(try status(["import", "harbour", try Servers.archive(), "--root", old]) == 31)
    #expect(try TestProgram.run(["jobs", "list", "--root", old, "--json"]).output.contains("\"refused\"") == false)
  }

  @Test("What could not be looked at is never reported as empty or done")
  func unknown() throws {
    let server = try Servers.fresh()
    let root = server.root
    // A loop of links cannot be opened by any user.
    let state = "\(root)/var/lib/aloha-wizard"
    let cases: [(link: String, words: [String])] = [
      ("\(state)/jobs", ["jobs", "list"]), ("\(state)/jobs", ["jobs", "attach"]),
      ("\(state)/restore", ["restore", "--status"]),
    ]
    for (link, words) in cases {
      try FileSystem.makeFolder(FileSystem.folder(of: link))
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: link)
      let outcome = try TestProgram.run(words + ["--root", root])
      #expect(outcome.status == 40, "\(words): \(outcome.output)\(outcome.error)")
      try FileSystem.removeTree(link)
    }
    for words in [["jobs", "list"], ["restore", "--status"], ["server", "clean", "--dry-run"], ["jobs", "attach"]] {
      #expect(try status(words + ["--root", "\(root)/missing"]) == 10, "\(words)")
      #expect(try status(words + ["--root", "/etc/hostname"]) == 10, "\(words)")
    }
    // The message queues of another root are not those of this machine.
    #expect(try status(["server", "queues", "--root", root]) != 0)
  }

  @Test("Jobs, settings and archives that cannot be read end with 40 or 10 and the reason, not as missing")
  func unreadable() throws {
    try withFolder { folder in
      // The program writes its own jobs into the home of a user.
      let home = ["HOME=\(folder)/home"]
      for name in ["jobs/var/lib/aloha-wizard/jobs", "closed/etc/aloha", "files/etc/aloha", "parent/etc/aloha", "home"]
      {
        try FileSystem.makeFolder("\(folder)/\(name)", mode: 0o755)
      }
      try FileSystem.replace("\(folder)/files/etc/aloha/aloha-secrets.conf", with: "[secrets]\n".utf8)
      let archive = "\(folder)/archive.tar.gz"
      try FileSystem.replace(archive, with: "x".utf8)
      let closed = [
        "\(folder)/jobs/var/lib/aloha-wizard", "\(folder)/closed/etc/aloha", "\(folder)/parent/etc", archive,
        "\(folder)/files/etc/aloha/aloha-secrets.conf",
      ]
      for path in closed { #expect(chmod(path, 0) == 0) }
      defer { for path in closed { chmod(path, 0o700) } }
      let cases: [(words: [String], status: Int32, path: String)] = [
        (["jobs", "list", "--root", "\(folder)/jobs"], 40, "\(folder)/jobs/var/lib/aloha-wizard/jobs"),
        (["jobs", "attach", "--root", "\(folder)/jobs"], 40, "\(folder)/jobs/var/lib/aloha-wizard/jobs"),
        (["jobs", "stop", "2026", "--root", "\(folder)/jobs"], 40, "\(folder)/jobs/var/lib/aloha-wizard/jobs"),
        (["organization", "list", "--root", "\(folder)/closed"], 40, "\(folder)/closed/etc/aloha"),
        (["organization", "list", "--root", "\(folder)/files"], 40, "aloha-secrets.conf"),
        (["organization", "list", "--root", "\(folder)/parent"], 10, "\(folder)/parent/etc/aloha"),
        (
          ["settings", "compare", "--from", "\(folder)/closed", "--root", "\(folder)/parent"], 10,
          "\(folder)/parent/etc/aloha"
        ),
        (["inspect", archive], 40, archive), (["verify", archive], 40, archive),
      ]
      for (words, status, path) in cases {
        let outcome = try TestProgram.unprivileged(words, environment: home)
        #expect(outcome.status == status, "\(words): \(outcome.output)\(outcome.error)")
        #expect(
          outcome.error.contains("Permission denied") && outcome.error.contains(path), "\(words): \(outcome.error)")
        #expect(!(outcome.output + outcome.error).contains("no job"), "\(words): \(outcome.output)\(outcome.error)")
      }
      // A missing folder is an empty list.
      let empty = try TestProgram.unprivileged(["jobs", "list", "--root", "\(folder)/files"], environment: home)
      #expect(empty.status == 0 && empty.output == "There has been no job on this server.\n", "\(empty.error)")
    }
  }

  @Test("A deletion without the right name ends with 64, and says which name was wrong")
  func confirmations() throws {
    let root = try Servers.old().root
    let delete = ["organization", "delete", "-r", "harbour", "--yes", "--root", root]
    let missing = try TestProgram.run(delete)
    #expect(missing.status == 64 && missing.error.contains("--confirm-delete harbour"), "\(missing.error)")
    let wrong = try TestProgram.run(delete + ["--confirm-delete", "lagoon"])
    #expect(wrong.status == 64 && wrong.error.contains("names 'lagoon'"), "\(wrong.error)")

    let server = try Servers.fresh()
    let place = ["--root", server.root]
    let imported = try TestProgram.run(["import", "lagoon", try Servers.archive()] + place)
    try #require(imported.status == 0, "\(imported.error)")
    let jobs = try TestProgram.run(["jobs", "list"] + place).lines
    let id = try #require(jobs.dropFirst().first?.split(separator: " ").first.map(String.init))
    let undo = ["jobs", "undo", id, "--yes"] + place
    let unsaid = try TestProgram.run(undo)
    #expect(unsaid.status == 64 && unsaid.error.contains("--confirm-delete lagoon"), "\(unsaid.error)")
    let other = try TestProgram.run(undo + ["--confirm-delete", "harbour"])
    #expect(other.status == 64 && other.error.contains("names 'harbour'"), "\(other.error)")
  }

  @Test("A theme that cannot be used ends with 30, whether it is checked or shown")
  func themes() throws {
    try withFolder { folder in
      let theme = "\(folder)/mine.toml"
      try FileSystem.replace(theme, with: "nonsense = true\n".utf8)
      #expect(try status(["theme", "check", theme]) == 30)
      #expect(try status(["theme", "show", theme]) == 30)
    }
  }

  @Test("A comparison of the settings of a server with its own is refused, by whatever path")
  func sameServer() throws {
    let root = try Servers.old().root
    try withFolder { folder in
      #expect(symlink(root, "\(folder)/link") == 0)
      for path in [root, "\(folder)/link", "\(root)/etc/..", "\(root)/etc/aloha"] {
        let outcome = try TestProgram.run(["settings", "compare", "--from", path, "--root", root])
        #expect(outcome.status == 30 && outcome.output.isEmpty, "\(path): \(outcome.output)\(outcome.error)")
        #expect(outcome.error.contains("this is the server itself"), "\(path): \(outcome.error)")
      }
    }
  }

  @Test("The remedies for an empty folder of backups and for a reserved subdomain are complete")
  func remedies() throws {
    let root = try Servers.old().root
    try withFolder { folder in
      let empty = try TestProgram.run(["restore", "--rehearse", "--newest-in", folder, "--root", root])
      #expect(empty.status == 32 && empty.error.contains("backup --folder \(folder) --root \(root)"), "\(empty.error)")
    }
    for words in [
      ["import", "www", try Servers.archive(), "--dry-run"],
      ["organization", "change-subdomain", "harbour", "www", "--dry-run"],
    ] {
      let outcome = try TestProgram.run(words + ["--root", root])
      #expect(outcome.output.contains("allow it with --allow-reserved-subdomain"), "\(outcome.output)\(outcome.error)")
    }
  }

  @Test("JSON is refused for the schedule of a container, which is a text")
  func containerSchedule() throws {
    try withFolder { root in
      try FileSystem.makeFolder("\(root)/data")
      try FileSystem.replace("\(root)/.dockerenv", with: [])
      #expect(try TestProgram.run(["backup", "schedule", "/backups", "--root", root]).output.contains("CronJob"))
      let refused = try TestProgram.run(["backup", "schedule", "/backups", "--root", root, "--json"])
      #expect(refused.status == 64 && refused.error.contains("there is no --json"), "\(refused.output)\(refused.error)")
    }
  }

  @Test("Arguments that are not UTF-8 are refused before anything is done")
  func encoding() throws {
    try withFolder { folder in
      let root = try Servers.old().root
      for words in [["export", "-r", "harbour", "--root", root, "--output"], ["inspect"], ["--json", "inspect"]] {
        let outcome = try TestProgram.shell("cd \(folder) && \"$@\" \"$(printf 'e\\377.tar.gz')\"", words)
        #expect(outcome.status == 64 && outcome.error.contains("is not UTF-8"), "\(words): \(outcome.error)")
      }
      #expect(try FileSystem.names(in: folder).isEmpty)
    }
  }

  @Test("An unreachable database and broken settings end with their codes")
  func broken() throws {
    let server = try Servers.fresh()
    let secrets = "\(server.root)/etc/aloha/aloha-secrets.conf"
    let settings = "\(server.root)/etc/aloha/settings.py"
    let text = String(decoding: try FileSystem.read(settings), as: UTF8.self)
    let root = ["--root", server.root]
    try FileSystem.replace(settings, with: (text + "\nREMOTE_POSTGRES_HOST = '/nonexistent'\n").utf8)
    for words in [["organization", "list"], ["export", "-r", "x", "--dry-run"], ["backup", "--dry-run"]] {
      #expect([11, 30].contains(try status(words + root)), "\(words)")
    }
    try FileSystem.replace(settings, with: text.utf8)
    let known = try FileSystem.read(secrets)
    try FileSystem.replace(secrets, with: "no section\n".utf8)
    #expect(try status(["organization", "list"] + root) == 10)
    #expect(try status(["settings", "compare", "--from", server.root, "--root", try Servers.new().root]) == 10)
    try FileSystem.replace(secrets, with: known)
    #expect(try status(["organization", "list"] + root) == 0)
  }
}
