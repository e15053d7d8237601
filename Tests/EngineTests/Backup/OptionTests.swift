import Common
import Glibc
import Testing

@testable import WholeServer

/// Options of the command line that the wizard's fields would reject.
@Suite("The command line")
struct OptionTests {
  private static let usage: Int32 = 64

  private static func run(_ words: [String], in folder: String = "/") throws -> Subprocess.Result {
    try Subprocess(try #require(Disaster.program), words, directory: folder).run(input: "")
  }

  @Test(
    "Options are checked by the rules of the wizard's fields, before any other check",
    arguments: [
      ["restore", "/none", "--external-host", "http://bad host/"],
      ["restore", "/none", "--external-host", "A.example"],
      ["restore", ""], ["restore", "/none", "--work-folder", "/a\nb"], ["restore", "/none", "--identity", ""],
      ["backup", "--encrypt-to", "notakey"], ["backup", "--encrypt-to", "age1xyz"],
      ["backup", "--output", "/tmp/a.zip"],
      ["backup", "--output", "/tmp/a.tar.gz.age"], ["backup", "--folder", ""],
      ["backup", "schedule", "/b", "--encrypt-to", "notakey"], ["backup", "schedule", "/b", "--time", "25:00"],
      ["backup", "schedule", "/b", "--time", "3:5"], ["backup", "schedule", "/b\nc"],
      ["backup", "schedule", "/b", "--metrics", "/m\n"], ["backup", "schedule", "/b", "--mail-to", "a b"],
      ["backup", "schedule", "/b", "--keep-last", "10000"], ["backup", "schedule", "/b", "--root", "/none"],
      ["backup", "prune", "/b", "--keep-daily", "-1"],
      ["backup", "prune", "/b", "--keep-daily", "9223372036854775807"],
      ["backup", "prune", ""], ["import", "Harbour", "/none"], ["import", "-x-", "/none"], ["import", "a", ""],
      ["verify", "/none", "--against-server", "--subdomain", "A"],
      ["organization", "change-subdomain", "-r", "a", "Not Good"],
      ["password-reset", "-r", "a", "--user", "nobody"], ["password-reset", "-r", "a", "--user", "a@b,c@d"],
      ["export", "-r", "a", "--output", "/tmp/a.zip"],
      ["export", "-r", "a", "--with-consent", "--consent-message", "0"],
    ])
  func refused(_ words: [String]) throws {
    let result = try Self.run(words)
    #expect(result.status == Self.usage, "\(words): \(result.status) \(result.output)")
  }

  @Test("A private key given as the public one is not printed")
  func privateKey() throws {
    let key = "AGE-SECRET-KEY-1C5XCDC2GHSDA302Z66ESZD7YG8U2AQCEL3CSM8WXF7X4ZQJVV6RSUG25H0"
    for words in [["backup", "--encrypt-to", key], ["backup", "schedule", "/b", "--encrypt-to", key]] {
      let result = try Self.run(words)
      #expect(
        result.status == Self.usage && !result.output.contains("1C5XCDC2") && result.output.contains("private key"))
    }
  }

  @Test("A printed schedule contains absolute paths")
  func wholePaths() throws {
    try Disaster.folder { folder in
      try FileSystem.makeFolder("\(folder)/server")
      let result = try Self.run(
        ["backup", "schedule", "my backups", "--root", "server", "--metrics", "metrics"], in: folder)
      #expect(result.status == 0, "\(result.output)")
      #expect(result.output.contains("--folder \"\(folder)/my backups\" --root \(folder)/server\n"))
      #expect(result.output.contains("--prometheus \(folder)/metrics/aloha-wizard.prom"))
    }
  }

  @Test("A schedule of encrypted backups explains the missing rehearsal, and contains no unit that would fail")
  func encryptedSchedule() throws {
    let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    try Disaster.folder { folder in
      let words = ["backup", "schedule", "/b", "--encrypt-to", key, "--root", folder]
      let refused = try Self.run(words + ["--rehearse"])
      #expect(refused.status == Self.usage && refused.output.contains("private key"))
      for more in [[], ["--no-rehearse"]] {
        let result = try Self.run(words + more)
        #expect(result.status == 0 && !result.output.contains("/bin/sh -c \"[ "))
        #expect(result.output.contains("restore --rehearse --newest-in /b --identity KEYFILE --nagios"))
      }
    }
  }

  @Test("A schedule is installed only with --install, after it was shown")
  func install() throws {
    try Disaster.folder { folder in
      let words = ["backup", "schedule", "\(folder)/backups", "--root", folder, "--install"]
      let cron = "\(folder)\(BackupSchedule.cronPath)"
      let asked = try Self.run(words)
      #expect(asked.status == Self.usage && asked.output.contains("--yes") && asked.output.contains("MAILTO=root"))
      #expect(!FileSystem.exists(cron))
      #expect(try Self.run(words + ["--dry-run"]).status == 0 && !FileSystem.exists(cron))
      let done = try Self.run(words + ["--yes"])
      #expect(done.status == 0, "\(done.output)")
      let text = try FileSystem.read(cron)
      let again = try Self.run(words + ["--yes"])
      #expect(again.status == 0 && again.output.contains("Unchanged"))
      #expect(try FileSystem.read(cron) == text)
    }
  }
}
