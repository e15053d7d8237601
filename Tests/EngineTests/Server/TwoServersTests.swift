import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Administration
@testable import Engine
@testable import Operations
@testable import Server

@Suite("One server or two")
struct TwoServersTests {
  private func subjects(_ one: String, _ other: String) throws -> [String] {
    try MovePair.findings(from: Installation(root: one), to: Installation(root: other)).map {
      #expect($0.severity == .blocker)
      #expect($0.remedy != nil)
      return $0.subject
    }
  }

  private func edit(_ path: String, _ old: String, _ new: String) throws {
    let before = try text(path)
    try #require(before.contains(old))
    try FileSystem.replace(path, with: before.replacing(old, with: new).utf8, mode: 0o644)
  }

  @Test("Two databases of one cluster are two servers")
  func two() throws {
    #expect(try subjects(Servers.fresh().root, Servers.fresh().root).isEmpty)
  }

  @Test("A server is not another one through a link, dots or a folder with a link to its settings")
  func same() throws {
    let server = try Servers.fresh()
    let link = try ServerPathTests.Arrangement.linkToRoot.arrange(server)
    let copy = "\(server.root)-copy"
    try FileSystem.makeFolder("\(copy)/etc")
    try #require(symlink(server.configuration, "\(copy)/etc/aloha") == 0)
    for path in [server.root, link, "\(server.root)/etc/..", copy] {
      let findings = try MovePair.findings(from: server.installation, to: Installation(root: path))
      #expect(findings.map(\.subject) == ["new server"], "\(path)")
      #expect(findings.first?.reason.contains("is the server that the organization is on now") == true, "\(path)")
    }
  }

  @Test("Two folders with one database are refused, however the database is reached")
  func sharedDatabase() throws {
    let (one, other) = (try Servers.fresh(), try Servers.fresh())
    try edit("\(other.configuration)/aloha.conf", "= \(other.database)", "= \(one.database)")
    // The same socket by another name.
    let socket = try Servers.sandbox().cluster.socketFolder
    try edit("\(other.configuration)/settings.py", socket, "\(socket)/../\(FileSystem.name(of: socket))")
    let findings = try MovePair.findings(from: one.installation, to: other.installation)
    #expect(findings.map(\.subject) == ["new server"])
    #expect(findings.first?.reason.contains("two folders with one database") == true)
  }

  @Test("A database is recognized without the right to ask for the cluster's identifier")
  func withoutRight() throws {
    let (one, other) = (try Servers.fresh(), try Servers.fresh())
    try one.connectAsSuperuser().execute("REVOKE EXECUTE ON FUNCTION pg_catalog.pg_control_system() FROM PUBLIC")
    let (first, second, third) = (try one.connect(), try one.connect(), try other.connect())
    let identity = try DatabaseIdentity(first)
    #expect(try identity.isSame(as: DatabaseIdentity(second)))
    #expect(try !identity.isSame(as: DatabaseIdentity(third)))
  }

  @Test("Two servers with one folder of uploads are refused, also if only the files of messages are shared")
  func sharedUploads() throws {
    let (one, other, third) = (try Servers.fresh(), try Servers.fresh(), try Servers.fresh())
    try FileSystem.removeTree(other.uploads)
    try #require(symlink(one.uploads, other.uploads) == 0)
    #expect(try subjects(one.root, other.root) == ["uploads"])
    try FileSystem.removeTree("\(third.uploads)/files")
    try #require(symlink("\(one.uploads)/files", "\(third.uploads)/files") == 0)
    #expect(try subjects(one.root, third.root) == ["uploads"])
    let copy = CopySettingsOperation(from: one.root, to: third.reference, .init(facts: MigrationFacts(kind: .import)))
    let warning = try #require(try copy.check().first { $0.subject == "uploads" })
    #expect(warning.severity == .warning)
  }

  @Test("A move to the same server is refused before anything is changed")
  func refusedMove() throws {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.bookclub, messages: 20))
    let link = try ServerPathTests.Arrangement.linkToRoot.arrange(server)
    let before = try server.state()
    let archive = "\(server.root)-move.tar.gz"
    let move = MoveOperation(
      MoveDecisions(
        source: server.root, target: link, organization: "bookclub", archive: archive, subdomain: "elsewhere",
        deactivates: true))
    #expect(move.decisions.target == server.root)
    #expect(try move.check().map(\.subject) == ["new server"])
    #expect(throws: Blocked.self) { try move.perform(.silent) }
    #expect(try server.state() == before)
    #expect(!FileSystem.exists(archive))
  }

  @Test("Settings can be copied from a server whose database this one takes over, with a warning")
  func takenOver() throws {
    let (one, other) = (try Servers.fresh(), try Servers.fresh())
    try edit("\(other.configuration)/aloha.conf", "= \(other.database)", "= \(one.database)")
    let facts = try MigrationFacts.detect(from: ConfigurationSource(one.root), to: other.installation)
    #expect(facts.sharesDatabase)
    let findings = try CopySettingsOperation(from: one.root, to: other.reference, .init(facts: facts)).check()
    #expect(findings.first { $0.subject == "database" }?.severity == .warning)
    #expect(!findings.contains { $0.severity == .blocker })
  }
}
