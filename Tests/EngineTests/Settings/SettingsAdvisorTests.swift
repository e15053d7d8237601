import Common
import Glibc
import Sandbox
import Testing

@testable import Administration

@Suite("Advice about settings and secrets")
struct SettingsAdvisorTests {
  /// Creates a copy of an old server's /etc folder with these secrets and settings.
  static func source(
    secrets: [String: String] = [:], settings: String = "", configuration: String = "[machine]\n"
  ) throws -> ConfigurationSource {
    try ConfigurationSource(sourceFolder(secrets: secrets, settings: settings, configuration: configuration))
  }

  static func sourceFolder(
    secrets: [String: String] = [:], settings: String = "", configuration: String = "[machine]\n"
  ) throws -> String {
    let folder = try Servers.folder() + "/etc-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder(folder)
    let lines = secrets.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)\n" }.joined()
    try FileSystem.replace("\(folder)/aloha-secrets.conf", with: Array("[secrets]\n\(lines)".utf8))
    try FileSystem.replace("\(folder)/settings.py", with: Array(settings.utf8))
    try FileSystem.replace("\(folder)/aloha.conf", with: Array(configuration.utf8))
    return folder
  }

  private func advice(
    _ facts: MigrationFacts, secrets: [String: String] = [:], settings: String = ""
  ) throws -> [String: SettingAdvice] {
    let advisor = try SettingsAdvisor(
      from: Self.source(secrets: secrets, settings: settings), to: Servers.old().installation, facts: facts)
    return Dictionary(uniqueKeysWithValues: advisor.advice().map { ($0.id, $0) })
  }

  private let secrets = [
    "avatar_salt": "salt", "aloha_org_id": "id", "aloha_org_key": "key", "camo_key": "camo", "secret_key": "sign",
    "shared_secret": "share", "rabbitmq_password": "rabbit", "postgres_password": "pg", "memcached_password": "mem",
    "email_password": "mail", "s3_key": "s3", "mystery": "what",
  ]

  @Test(
    "The advice for imports and restores follows the server's manual",
    arguments: [
      ("avatar_salt", SettingDecision.keep, SettingDecision.copy), ("aloha_org_id+aloha_org_key", .keep, .copy),
      ("camo_key", .copy, .copy), ("secret_key", .keep, .copy), ("shared_secret", .keep, .keep),
      ("rabbitmq_password", .keep, .keep), ("postgres_password", .keep, .keep), ("memcached_password", .keep, .keep),
      ("email_password", .copy, .copy), ("s3_key", .keep, .copy), ("mystery", .keep, .keep),
    ])
  func table(_ key: String, _ imported: SettingDecision, _ restored: SettingDecision) throws {
    let importing = try advice(MigrationFacts(kind: .import, usersRenumbered: true), secrets: secrets)
    let restoring = try advice(MigrationFacts(kind: .restore, usersRenumbered: false), secrets: secrets)
    #expect(importing["secrets.\(key)"]?.recommended == imported)
    #expect(restoring["secrets.\(key)"]?.recommended == restored)
    for advice in [importing["secrets.\(key)"], restoring["secrets.\(key)"]] {
      #expect(advice?.why.isEmpty == false)
      #expect(advice?.ifCopied != advice?.ifKept)
    }
  }

  @Test("Two servers, or users with new ids, never get the same push identity")
  func identity() throws {
    let id = "secrets.aloha_org_id+aloha_org_key"
    func recommended(_ facts: MigrationFacts) throws -> SettingDecision? {
      try advice(facts, secrets: secrets)[id]?.recommended
    }
    #expect(try recommended(MigrationFacts(kind: .restore, replacesSource: false)) == .keep)
    #expect(try recommended(MigrationFacts(kind: .restore, usersRenumbered: true)) == .keep)
    #expect(try recommended(MigrationFacts(kind: .import, usersRenumbered: false)) == .keep)
    let half = try advice(MigrationFacts(kind: .restore), secrets: ["aloha_org_id": "id"])
    #expect(half[id]?.choices == [.keep])
    let moved = try advice(
      MigrationFacts(kind: .restore, sourceHost: "a", targetHost: "b", pushRegistered: true), secrets: secrets)
    #expect(moved[id]?.followUps.contains(.reregister) == true)
  }

  @Test("Settings of a shared server are not overwritten for its other organizations")
  func shared() throws {
    let facts = MigrationFacts(kind: .import, replacesSource: false, targetHostsOthers: true)
    let found = try advice(
      facts, secrets: secrets,
      settings: "AUTHENTICATION_BACKENDS = (\"zproject.backends.GitHubAuthBackend\",)\nEMAIL_HOST = \"mx\"\n")
    #expect(found["secrets.camo_key"]?.recommended == .keep)
    #expect(found["secrets.email_password"]?.recommended == .keep)
    #expect(found["settings.EMAIL_HOST"]?.recommended == .keep)
    #expect(found["settings.AUTHENTICATION_BACKENDS"]?.recommended == .merge)
    #expect(found.values.allSatisfy { $0.recommended != .copy })
  }

  @Test("Fingerprints of secrets show equality only")
  func fingerprints() throws {
    let own = try #require(try Servers.old().installation.secrets["camo_key"]).reveal()
    let found = try advice(
      MigrationFacts(kind: .import), secrets: ["camo_key": "hunter2", "zulip_two": "hunter2", "other": "different"],
      settings: "SOCIAL_AUTH_APPLE_SECRET = 'hunter2'\nSOCIAL_AUTH_OIDC_ENABLED_IDPS = {'x': {'secret': 'hunter2'}}\n")
    let shown = String(describing: found)
    #expect(!shown.contains("hunter2"))
    #expect(!shown.contains(own))
    #expect(!shown.contains(Digest.hexadecimal("hunter2".utf8).prefix(8)))
    #expect(found["secrets.camo_key"]?.sourceValue == found["secrets.zulip_two"]?.sourceValue)
    #expect(found["secrets.camo_key"]?.sourceValue != found["secrets.other"]?.sourceValue)
    #expect(found["secrets.camo_key"]?.sourceValue?.count == 8)
    #expect(found["secrets.camo_key"]?.sourceValue != found["secrets.camo_key"]?.targetValue)
  }

  @Test("Equal settings are left out")
  func same() throws {
    let own = try #require(try Servers.old().installation.secrets["camo_key"])
    #expect(
      try advice(MigrationFacts(kind: .import), secrets: ["camo_key": own.reveal()])["secrets.camo_key"] == nil)
    let host = try Servers.old().host
    #expect(
      try advice(MigrationFacts(kind: .import), settings: "EXTERNAL_HOST = '\(host)'  # quoted otherwise\n")[
        "settings.EXTERNAL_HOST"] == nil)
  }

  @Test("Computed settings cannot be copied, with the reason")
  func computed() throws {
    let found = try advice(MigrationFacts(kind: .import), settings: "EMAIL_HOST = os.environ['MX']\n")
    #expect(found["settings.EMAIL_HOST"]?.choices == [.keep])
    #expect(found["settings.EMAIL_HOST"]?.why.contains("computed by Python") == true)
  }

  @Test("The kind of migration is detected from both servers")
  func facts() throws {
    let old = try Servers.old()
    let new = try Servers.fresh()
    try new.add(SampleOrganization(.bookclub, messages: 5))
    _ = try new.importing(Servers.archive()).perform(.silent)
    let source = try ConfigurationSource(old.root)
    let facts = MigrationFacts.detect(from: source, to: try new.installation)
    #expect(facts.kind == .import)
    #expect(facts.targetHostsOthers)
    #expect(!facts.replacesSource)
    #expect(facts.queueIsLocal)
    #expect(!facts.pushRegistered)
    let itself = MigrationFacts.detect(from: source, to: try old.installation)
    #expect(itself.kind == .restore)
    #expect(itself.usersRenumbered == false)
    #expect(itself.replacesSource)
  }

  @Test("Settings are read from a root folder, a copied /etc and a backup, and an export is refused")
  func sources() throws {
    let server = try Servers.old()
    let folder = try Servers.folder() + "/backup-\(RandomText.alphanumeric(6))"
    try FileSystem.makeFolder("\(folder)/aloha-backup/settings")
    try FileSystem.replace("\(folder)/aloha-backup/aloha-version", with: Array("9.0\n".utf8))
    for name in ["settings.py", "aloha.conf", "aloha-secrets.conf"] {
      try FileSystem.replace(
        "\(folder)/aloha-backup/settings/\(name)", with: try FileSystem.read("\(server.configuration)/\(name)"))
    }
    let tar = try #require(Subprocess.find("tar"))
    try Subprocess(tar, ["-czf", "\(folder)/backup.tar.gz", "-C", folder, "aloha-backup"]).runChecked()
    let whole = try ConfigurationSource(server.root)
    for path in [server.configuration, "\(folder)/backup.tar.gz", "\(folder)/aloha-backup"] {
      let source = try ConfigurationSource(path)
      #expect(source.brand == .aloha)
      #expect(source.settings == whole.settings)
      #expect(source.configuration == whole.configuration)
      #expect(source.secrets.names == whole.secrets.names)
      #expect(source.secrets["camo_key"] == whole.secrets["camo_key"])
    }
    let failure = #expect(throws: PlainFailure.self) { _ = try ConfigurationSource(Servers.archive()) }
    #expect(failure?.family == .unsuitableArchive)
  }
}
