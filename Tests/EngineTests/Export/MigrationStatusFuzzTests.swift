import Fuzzing
import Testing

@testable import Server

@Suite("Fuzzing of lists of migrations")
struct MigrationStatusFuzzTests {
  @Test("Any text of a migration list is parsed without a crash")
  func migrations() throws {
    let corpus = [
      #"{"migrations_by_app":{"zerver":["[X] 0001_initial","[ ] 0002_b","[-] 0001_squashed_0569 (545 squashed migrations)"],"analytics":[]},"zulip_version":"9.0"}"#,
      #"{"migrations_by_app":{"otp_totp":["0001_initial"]},"aloha_version":"11.0-dev+git"}"#,
    ]
    let tokens = [
      "{", "}", "[", "]", ",", ":", "\"", "[X] ", "_squashed_", "(99999999999999999999 squashed migrations)", "0569",
      "99999999999999999999", "migrations_by_app",
    ]
    try Fuzz("migration status", corpus: corpus, tokens: tokens).run(2000) { input in
      let apps = MigrationStatus.decode(input)
      _ = MigrationStatus.version(input)
      for app in apps.values { _ = MigrationStatus.newestNumber(app) }
      _ = MigrationStatus.difference(archive: apps, server: ["zerver": ["0001_squashed_0569", "0570_b"]])
      _ = MigrationStatus.listed(apps)
    }
  }
}
