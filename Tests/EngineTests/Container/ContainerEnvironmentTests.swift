import Common
import Glibc
import Sandbox
import Testing

@testable import Engine

@Suite("Settings as the environment of a container")
struct ContainerEnvironmentTests {
  private func environment(
    _ old: String, _ new: String, variables: [String: String]? = ["DATA_DIR": "/data"],
    conf: (String, String) = ("", ""),
    secrets: (String, String) = ("[secrets]\n", "[secrets]\n"), keepsConfiguration: Bool = false
  ) throws -> ContainerEnvironment {
    let container = Container(
      root: "/nowhere", brand: .zulip, signs: ["a test"], hasVolume: true,
      environment: variables.map { ContainerVariables($0) }, keepsConfigurationInVolume: keepsConfiguration)
    func files(_ settings: String, _ conf: String, _ secrets: String) throws -> ContainerEnvironment.Files {
      ContainerEnvironment.Files(
        settings: settings, conf: try ConfFile(conf, name: "conf"),
        secrets: Secrets(try ConfFile(secrets, name: "secrets")))
    }
    return ContainerEnvironment(
      container, old: try files(old, conf.0, secrets.0), new: try files(new, conf.1, secrets.1))
  }

  private func pairs(_ environment: ContainerEnvironment) -> [String: String] {
    Dictionary(environment.variables.map { ($0.name, $0.value) }) { first, _ in first }
  }

  @Test("are written as the image reads each kind of value")
  func kinds() throws {
    let new = #"""
      EXTERNAL_HOST = "chat.example.com"
      INSTALLATION_NAME = 'We love Apos\'trophes and Back\\slashes'
      OUTGOING_WEBHOOK_TIMEOUT_SECONDS = 30
      LDAP_DEACTIVATE_NON_MATCHING_USERS = True
      LDAP_EMAIL_ATTR = None
      ALLOWED_HOSTS: list = [
          "one.example.com",  # the first
          'two.example.com',
      ]
      AUTH_LDAP_USER_ATTR_MAP = {"full_name": "cn"}
      AUTH_LDAP_USER_SEARCH = LDAPSearch("ou=users", ldap.SCOPE_SUBTREE, "(uid=%(user)s)")
      AUTHENTICATION_BACKENDS = (
          "zproject.backends.EmailAuthBackend",
          "zproject.backends.ZulipLDAPAuthBackend",
      )
      """#
    let made = pairs(try environment("", new))
    #expect(
      made == [
        "SETTING_EXTERNAL_HOST": "chat.example.com",
        "SETTING_INSTALLATION_NAME": #"We love Apos'trophes and Back\slashes"#,
        "SETTING_OUTGOING_WEBHOOK_TIMEOUT_SECONDS": "30", "SETTING_LDAP_DEACTIVATE_NON_MATCHING_USERS": "True",
        "SETTING_LDAP_EMAIL_ATTR": "None", "SETTING_ALLOWED_HOSTS": #"["one.example.com", "two.example.com"]"#,
        "SETTING_AUTH_LDAP_USER_ATTR_MAP": #"{"full_name": "cn"}"#,
        "SETTING_AUTH_LDAP_USER_SEARCH": #"LDAPSearch("ou=users", ldap.SCOPE_SUBTREE, "(uid=%(user)s)")"#,
        "ZULIP_AUTH_BACKENDS": "EmailAuthBackend,ZulipLDAPAuthBackend",
      ])
  }

  @Test("that the image would take for something else go into the settings in Python")
  func ambiguous() throws {
    let new = #"""
      A = "12345"
      B = "true"
      C = ""
      D = "[not a list]"
      E = -1
      F = 0.5
      G = "two\nlines"
      H = os.environ.get("X")
      I = "C:\\folder"
      import ldap
      J = "none"
      """#
    let made = try environment("import os\n", new, variables: ["SETTING_A": "1", "ZULIP_CUSTOM_SETTINGS": "OWN = 1"])
    #expect(made.variables.map(\.name).sorted() == ["SETTING_I", "ZULIP_CUSTOM_SETTINGS"])
    let text = try #require(pairs(made)["ZULIP_CUSTOM_SETTINGS"])
    #expect(text.hasPrefix("OWN = 1\nimport ldap\n"))
    for line in [#"A = "12345""#, #"C = """#, "E = -1", "F = 0.5", #"G = "two\\nlines""#, #"J = "none""#] {
      #expect(text.split(separator: "\n").contains(Substring(line)), "\(line)")
    }
    #expect(made.removed == ["SETTING_A"])
  }

  @Test("that the container makes already, and those of its services, are not asked for")
  func unchanged() throws {
    let image = """
      EXTERNAL_HOST = "x.example.com"
      AUTHENTICATION_BACKENDS = ('zproject.backends.EmailAuthBackend',)
      AUTHENTICATION_BACKENDS += ('zproject.backends.GoogleAuthBackend',)
      EXTERNAL_HOST = 'chat.example.com'
      REDIS_HOST = 'redis'
      GONE = 'x'
      """
    let same = """
      AUTHENTICATION_BACKENDS = ["zproject.backends.EmailAuthBackend", "zproject.backends.GoogleAuthBackend"]
      EXTERNAL_HOST = "chat.example.com"
      REDIS_HOST = "127.0.0.1"
      REMOTE_POSTGRES_HOST = "elsewhere"
      """
    let made = try environment(image, same, variables: ["SETTING_GONE": "x"])
    #expect(made.variables.filter { $0.name != "ZULIP_AUTH_BACKENDS" } == [])
    #expect(made.removed == ["SETTING_GONE"])
    #expect(try environment(image, image).isEmpty)
  }

  @Test("of the conf file and the secrets are asked for where a start would undo them")
  func otherFiles() throws {
    let conf = (
      "[machine]\npuppet_classes = zulip::profile::docker\n[loadbalancer]\nips = 1\n",
      "[machine]\npuppet_classes = zulip::profile::standalone\n[loadbalancer]\nips = 10.0.0.1\n"
        + "[application_server]\nhttp_only = true\nsso-name = x\n"
    )
    let secrets = (
      "[secrets]\navatar_salt = a\nzulip_org_key = old\npostgres_password = p\n",
      "[secrets]\navatar_salt = b\nzulip_org_key = n$w\npostgres_password = q\n"
    )
    let made = try environment(
      "", "", variables: ["SECRETS_zulip_org_key": "old"], conf: conf, secrets: secrets, keepsConfiguration: false)
    let found = pairs(made)
    #expect(found["CONFIG_loadbalancer__ips"] == "10.0.0.1")
    #expect(found["SECRETS_zulip_org_key"] == "n$w")
    #expect(found["SECRETS_postgres_password"] == nil)
    #expect(found.keys.allSatisfy { !$0.contains("puppet") && !$0.contains("http_only") })
    #expect(made.beyond == ["zulip.conf: [application_server] sso-name"])
    // In the volume both are kept; what the environment says of them counts all the same.
    let kept = try environment(
      "", "", variables: ["SECRETS_zulip_org_key": "old"], conf: conf, secrets: secrets, keepsConfiguration: true)
    #expect(pairs(kept) == ["SECRETS_zulip_org_key": "n$w"])
  }

  @Test("are quoted so that YAML and compose read every value back")
  func quoting() {
    #expect(YAML.compose("a: b # c") == #""a: b # c""#)
    #expect(YAML.compose("pa$$ \"x\" \\") == #""pa$$$$ \"x\" \\""#)
    #expect(YAML.compose("two\nlines\u{1}\u{2028}") == #""two\nlines\x01\u2028""#)
    #expect(YAML.kubernetes("$(x) $y") == #""$$(x) $y""#)
  }

  @Test("are shown after a restore, secrets in a private file alone")
  func afterRestore() throws {
    let server = try Disaster.server("container-restored", messages: 5)
    try Disaster.folder { folder in
      let path = "\(folder)/backup.tar.gz"
      let settings = "\(server.configuration)/settings.py"
      let old = try FileSystem.read(settings)
      try ContainerLayout.append(
        "\nINVITATION_LINK_VALIDITY_DAYS = 3\nEMAIL_HOST_PASSWORD = \"hush\"\n", to: settings)
      _ = try Disaster.backup(server, to: path)
      try FileSystem.replace(settings, with: old, mode: 0o644)
      try ContainerLayout.lay(server)
      let operation = RestoreOperation(ServerReference(root: server.root), RestoreOptions(archive: path))
      let warning = try operation.check().first { $0.subject == "container" && $0.severity == .warning }
      #expect(warning?.reason.contains("SETTING_INVITATION_LINK_VALIDITY_DAYS") == true)
      let summary = try operation.perform(.silent)
      #expect(summary.nextStepLines.contains { $0 == "$ SETTING_INVITATION_LINK_VALIDITY_DAYS: \"3\"" })
      #expect(summary.nextStepLines.contains { $0 == "$ SETTING_EMAIL_HOST_PASSWORD: (in the file)" })
      #expect(!summary.nextStepLines.contains { $0.contains("hush") })
      let files = ContainerNotice.folder(root: server.root)
      let file = try #require(try FileSystem.names(in: files).first)
      var status = stat()
      #expect(stat("\(files)/\(file)", &status) == 0 && status.st_mode & 0o777 == 0o600)
      let text = String(decoding: try FileSystem.read("\(files)/\(file)"), as: UTF8.self)
      #expect(text.contains("      SETTING_EMAIL_HOST_PASSWORD: \"hush\"\n"))
      #expect(files.hasPrefix("\(server.root)/data/"))
    }
    _ = try? server.run("scripts/stop-server")
  }

  @Test("are shown after settings were copied")
  func afterCopy() throws {
    let source = try Disaster.server("container-source", messages: 0)
    let target = try Disaster.server("container-target", messages: 0)
    try ContainerLayout.append("\nINVITATION_LINK_VALIDITY_DAYS = 3\n", to: "\(source.configuration)/settings.py")
    try ContainerLayout.lay(target)
    let secrets = "\(target.configuration)/aloha-secrets.conf"
    let operation = CopySettingsOperation(
      from: source.root, to: target.reference,
      CopySettingsOperation.Choices(
        facts: MigrationFacts(kind: .restore),
        decisions: ["INVITATION_LINK_VALIDITY_DAYS": .copy, "camo_key": .copy], followsAdvice: false))
    let summary = try operation.perform(.silent)
    #expect(summary.nextStepLines.contains { $0 == "$ SETTING_INVITATION_LINK_VALIDITY_DAYS: \"3\"" })
    #expect(summary.nextStepLines.allSatisfy { !$0.contains("sudo") })
    #expect(ContainerLayout.isLink(secrets))
  }
}
