import Common
import Testing

@testable import Administration
@testable import Server

@Suite("Secrets in shown configurations")
struct SecretSignsTests {
  @Test(
    "A URL with a password is hidden for any setting",
    arguments: [
      "redis://user:hunter2@cache:6379/0", "redis://:hunter2@cache", "postgres://u:p@ss/w#rd@db/x",
      "https://hunter2@sentry.io/1",
      "amqp://u:hunter 2@host", "user:hunter2@db.example.com:5432/x", "//u:hunter2@host", "HTTPS://U:HUNTER2@HOST",
      "http://proxy/?password=hunter2", "https://h/x?a=1&access_token=hunter2",
      "https://h/x;jsessionid=1;apikey=hunter2",
      "https://hooks.slack.com/services/T0/B0/hunter2", "https://h/api/webhooks/1/hunter2",
      "redis:\\x2f/u:hunter2\\x40h",
      "('a', 'redis://u:hunter2@h')", "{'LOCATION': 'redis://u:hunter2@h'}", "\"redis://u:\" + \"hunter2\" + \"@h\"",
      "host=db user=x password=hunter2", "X_PASSWD=hunter2",
    ])
  func addresses(_ value: String) {
    #expect(SecretSigns.cover("HARMLESS", value))
    let quoted = value.contains("'") || value.contains("\"") ? value : "'\(value)'"
    #expect(!MaskedFiles().settings("HARMLESS = \(quoted)\n").contains("unter2"))
    #expect(!MaskedFiles().settings("    os.environ['X'] = \(quoted)\n").contains("unter2"))
    #expect(!MaskedFiles().settings("# HARMLESS = \(quoted)\n").contains("unter2"))
  }

  @Test(
    "Plain values are shown",
    arguments: [
      "chat.example.com", "https://chat.example.com/path?lang=en", "ada@example.com", "mailto:ada@example.com", "10:30",
      "zproject.backends.EmailAuthBackend", "ldap://ldap.example.com:389", "/home/aloha/uploads", "",
    ])
  func plain(_ value: String) {
    #expect(!SecretSigns.cover("EXTERNAL_HOST", value))
    #expect(MaskedFiles().settings("EXTERNAL_HOST = '\(value)'\n") == "EXTERNAL_HOST = '\(value)'\n")
  }

  @Test("Names of settings decide if their values do not")
  func names() {
    for name in ["EMAIL_PASSWORD", "X_TOKEN", "MY_PASSWORD_HASH", "DB_PASS", "aws_secret", "PASSWORD_MINE"] {
      #expect(SecretSigns.cover(name, "'x'"), "\(name)")
    }
    for name in ["PASSWORD_MIN_LENGTH", "EXTERNAL_HOST", "COMPASS", "BYPASS_LIMITS"] {
      #expect(!SecretSigns.cover(name, "'x'"), "\(name)")
    }
    #expect(SecretSigns.cover("PASSWORD_MIN_LENGTH", "'redis://u:p@h'"))
  }

  @Test("Equal secrets have equal fingerprints in a diff")
  func marks() throws {
    let masks = MaskedFiles()
    let old = "A = 1\nEMAIL_PASSWORD = 'x'\n"
    #expect(masks.settings(old) == masks.settings(old))
    #expect(masks.settings(old) != masks.settings(old.replacing("'x'", with: "'y'")))
    let conf = "[a]\nurl = redis://u:hunter2@h\n  more\nb = 1\n# url = redis://u:hunter2@h\n"
    let shown = try masks.configuration(conf, name: "file")
    #expect(!shown.contains("hunter2") && !shown.contains("more") && shown.contains("b = 1"))
    #expect(try masks.configuration(conf, name: "file") == shown)
  }

  @Test("Passwords in URLs of unknown settings are shown neither in advice nor in the diff")
  func operation() throws {
    let server = try Servers.old()
    let folder = try SettingsAdvisorTests.sourceFolder(
      settings: "MY_CACHE = 'redis://:hunter2@cache'\nMY_TUPLE = ('http://u:hunter2@h', 1)\n",
      configuration: "[machine]\nproxy_url = http://u:hunter2@proxy\n")
    let source = try ConfigurationSource(folder)
    let facts = MigrationFacts(kind: .import)
    let advice = try SettingsAdvisor(from: source, to: server.installation, facts: facts).advice()
    let ids = ["settings.MY_CACHE", "settings.MY_TUPLE", "configuration.machine.proxy_url"]
    #expect(Set(ids).isSubset(of: advice.map(\.id)))
    #expect(!"\(advice)".contains("hunter2"))
    let operation = CopySettingsOperation(
      from: folder, to: server.reference,
      CopySettingsOperation.Choices(
        facts: facts, decisions: Dictionary(uniqueKeysWithValues: ids.map { ($0, .copy) }), followsAdvice: false))
    let diff = try operation.diff().joined(separator: "\n")
    #expect(diff.contains("MY_CACHE") && diff.contains("proxy_url") && !diff.contains("hunter2"))
    #expect(!"\(try operation.check())\(try operation.plan())".contains("hunter2"))
  }
}
