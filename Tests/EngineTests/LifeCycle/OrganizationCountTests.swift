import Common
import Sandbox
import Testing

@testable import Server

@Suite("Counting an organization's messages")
struct OrganizationCountTests {
  private func server() throws -> SandboxServer {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.bookclub, messages: 123))
    try server.add(SampleOrganization(.harbour, messages: 40))
    try server.connectAsSuperuser().execute("ANALYZE")
    return server
  }

  private func list(_ server: SandboxServer, largestCount: Int) throws -> [String: Organization] {
    let list = try Organization.list(server.connect(), brand: .aloha, largestCount: largestCount)
    return Dictionary(uniqueKeysWithValues: list.map { ($0.subdomain, $0) })
  }

  @Test("Few messages are counted exactly, and many are estimated for a list")
  func estimate() throws {
    let server = try server()
    let counted = try list(server, largestCount: 1000)
    #expect(counted["bookclub"]?.messageAmount == "123 messages")
    #expect(counted["harbour"]?.messages == 40)
    #expect(counted.values.allSatisfy { !$0.messagesAreEstimated })

    let estimated = try list(server, largestCount: 100)
    #expect(estimated["bookclub"]?.messageAmount == "about 120 messages")
    #expect(estimated["bookclub"]?.activeUsers == counted["bookclub"]?.activeUsers)
    #expect(estimated["harbour"]?.messageCount == "about 40")
    #expect(estimated["alohainternal"]?.messages == 0)
  }

  @Test("Messages of an organization without statistics are counted exactly")
  func unknown() throws {
    let server = try server()
    try server.add(SampleOrganization(.bookclub, subdomain: "later", messages: 17))
    let estimated = try list(server, largestCount: 100)
    #expect(estimated["later"]?.messageCount == "17")
    #expect(estimated["bookclub"]?.messagesAreEstimated == true)
    // The state after a restore, before PostgreSQL has analyzed the tables.
    try server.connectAsSuperuser().execute("DELETE FROM pg_statistic WHERE starelid = 'zerver_message'::regclass")
    #expect(try list(server, largestCount: 100)["bookclub"]?.messageCount == "123")
  }

  @Test("Decisions use exact counts for any size")
  func exactly() throws {
    let server = try server()
    let connection = try server.connect()
    func find(exactly: Bool) throws -> Organization {
      try Organization.find("bookclub", connection, brand: .aloha, exactly: exactly, largestCount: 100)
    }
    #expect(try find(exactly: false).messageCount == "about 120")
    #expect(try find(exactly: true).messageCount == "123")
  }

  @Test("A missing organization is reported with the existing ones")
  func missing() throws {
    let failure = #expect(throws: PlainFailure.self) {
      try Organization.find("nowhere", Servers.old().connect(), brand: .aloha)
    }
    #expect(failure?.family == .notFound)
    #expect(failure?.remedy == "choose one of 'bookclub', 'harbour'")
  }
}
