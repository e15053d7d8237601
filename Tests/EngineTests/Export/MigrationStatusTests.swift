import Testing

@testable import Server

@Suite("The list of migrations")
struct MigrationStatusTests {
  private let fresh: [String: [String]] = [
    "zerver": ["0001_initial", "0029_realm_subdomain", "0569_end", "0001_squashed_0569", "0570_more"],
    "default": ["0001_initial", "0005_auto_20160727_2333"], "social_auth": ["0001_initial", "0005_auto_20160727_2333"],
    "social_django": ["0001_initial", "0005_auto_20160727_2333", "0006_partial"],
    "phonenumber": ["0001_initial", "0001_squashed_0001_initial"], "two_factor": ["0001_initial", "0002_auto"],
    "guardian": ["0001_initial"],
  ]

  @Test("The list of migrations equals the server's own, with squashed migrations")
  func listed() {
    let lines = MigrationStatus.listed(fresh)
    #expect(lines["zerver"] == ["[X] 0001_squashed_0569 (3 squashed migrations)", "[X] 0570_more"])
    #expect(
      lines["social_django"] == [
        "[X] 0001_initial (2 squashed migrations)", "[X] 0005_auto_20160727_2333 (1 squashed migrations)",
        "[X] 0006_partial",
      ])
    #expect(lines["phonenumber"] == ["[X] 0001_squashed_0001_initial (3 squashed migrations)"])
    #expect(lines["two_factor"] == ["(no migrations)"])
    #expect(Set(lines.keys) == ["zerver", "social_django", "phonenumber", "two_factor"])
  }

  @Test("A squashed migration that is installed, but not noted in the database, is listed as such")
  func unnamed() {
    let lines = MigrationStatus.listed(
      ["zerver": ["0001_initial", "0569_end", "0570_more"]], squashed: ["zerver": ["0001_squashed_0569"]])
    #expect(lines["zerver"] == ["[-] 0001_squashed_0569 (2 squashed migrations)", "[X] 0570_more"])
  }

  @Test("Servers that differ in squashed migrations only do not differ")
  func same() {
    var version = ServerVersion(name: "10.4", migrations: fresh)
    let archive = MigrationStatus.decode(MigrationStatus.encode(version, brand: .aloha))
    #expect(MigrationStatus.difference(archive: archive, server: fresh).isEmpty)
    version.migrations["zerver"] = ["0001_initial", "0029_realm_subdomain", "0569_end", "0570_more"]
    #expect(MigrationStatus.difference(archive: archive, server: version.migrations).isEmpty)
  }

  @Test("A migration that one side lacks is named, on either side of a squashed one")
  func different() {
    let archive = MigrationStatus.decode(MigrationStatus.encode(ServerVersion(migrations: fresh), brand: .aloha))
    var server = fresh
    server["zerver"]?.append("0571_newer")
    #expect(MigrationStatus.difference(archive: archive, server: server).first?.contains("0571_newer") == true)
    server["zerver"] = ["0001_initial", "0029_realm_subdomain"]
    #expect(MigrationStatus.difference(archive: archive, server: server).first?.hasPrefix("zerver") == true)
  }

  @Test("Without version.py the version is determined from the migrations")
  func version() {
    func version(_ newest: String) -> String? {
      MigrationStatus.version(MigrationStatus.encode(ServerVersion(migrations: ["zerver": [newest]]), brand: .aloha))
    }
    #expect(version("0523_x")?.hasPrefix("9.") == true)
    #expect(version("0648_x")?.hasPrefix("10.") == true)
    #expect(version("0742_x")?.hasPrefix("11.") == true)
    #expect(version("0100_x") == "unknown")
  }
}
