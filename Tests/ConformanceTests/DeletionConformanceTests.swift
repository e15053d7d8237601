import Administration
import Common
import Glibc
import Operations
import Testing

@Suite("A deletion against the official tools", .serialized, .enabled(if: Reference.isHere, "no reference data here"))
struct DeletionConformanceTests {
  @Test("Deleting an officially imported organization leaves a freshly installed server")
  func golden() throws {
    let servers = try Reference.Servers()
    var options = DeleteOrganizationOperation.Options(subdomain: "")
    options.uploads = .ofOrganization
    options.confirmation = ""
    options.despiteSignsOfLife = true
    _ = try DeleteOrganizationOperation(ServerReference(servers.installation("golden")), options).perform(.silent)
    // The table of clients belongs to no organization; the import has added names to it.
    let said = try servers.differences("compare-databases", servers.conninfo("target"), servers.conninfo("golden"))
    let others = said.split(separator: "\n").filter {
      !$0.hasPrefix("zerver_client:") && !$0.contains("\"name\":") && !$0.contains("differing rows over")
    }
    #expect(others.isEmpty, "\(said)")
    let uploads = try servers.installation("golden").uploadsFolder
    #expect(try FileSystem.names(in: "\(uploads)/files").isEmpty)
    #expect(try FileSystem.names(in: "\(uploads)/avatars").isEmpty)
  }
}
