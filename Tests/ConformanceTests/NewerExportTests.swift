import Common
import Foundation
import Glibc
import Operations
import Testing
import Transfer

@Suite(
  "An export of a newer server against its official exporter", .serialized,
  .enabled(if: Reference.newer != nil, "no reference data here"))
struct NewerExportTests {
  /// Returns whether a difference is expected: subscriptions of users who have not consented get random colours, and
  /// the official partial exports list an export that was made before them.
  private static func isExpected(_ line: String) -> Bool {
    line.hasPrefix("zerver_subscription ") && line.contains(".color: ") || line.hasPrefix("zerver_realmexport ")
  }

  @Test("Full, public and consent exports differ in nothing but random colours, and the consent is the same people's")
  func exports() throws {
    let servers = try Reference.Servers(Reference.newer)
    func export(_ name: String, _ change: (inout ExportOperation.Options) -> Void = { _ in }) throws -> String {
      let archive = "\(servers.directory)/\(name).tar.gz"
      var options = ExportOperation.Options(subdomain: "zulip", output: archive)
      change(&options)
      _ = try ExportOperation(ServerReference(servers.installation("source")), options).perform(.silent)
      // The export has added itself to the server's list; the official exports are not in it.
      try sql(servers, "DELETE FROM zerver_realmexport WHERE id > 7")
      return archive
    }

    let full = try export("full")
    let fullDifferences = try servers.differences(
      "\(servers.folder)/export.tar.gz", full, except: { _ in false })
    #expect(fullDifferences == [])

    let publicOnly = try export("public") { $0.publicOnly = true }
    let publicDifferences = try servers.differences(
      "\(servers.folder)/export-public.tar.gz", publicOnly, except: Self.isExpected)
    #expect(publicDifferences == [])

    try sql(
      servers,
      """
      UPDATE zerver_userprofile SET allow_private_data_export = true
      WHERE delivery_email IN ('hamlet@zulip.com', 'iago@zulip.com')
      """)
    let consent = try export("consent") { $0.consent = .bySetting }
    let official = "\(servers.folder)/export-with-consent.tar.gz"
    let consentDifferences = try servers.differences(official, consent, except: Self.isExpected)
    #expect(consentDifferences == [])
    #expect(try people(consent) == people(official))
    #expect(try people(consent).count == 7)
  }

  private func sql(_ servers: Reference.Servers, _ statement: String) throws {
    let psql = try #require(Subprocess.find("psql"))
    try Subprocess(psql, ["-qX", "-v", "ON_ERROR_STOP=1", "-d", servers.conninfo("source"), "-c", statement])
      .runChecked()
  }

  private func people(_ archive: String) throws -> Set<Int> {
    let tar = try #require(Subprocess.find("tar"))
    let text = try Subprocess(tar, ["-xzOf", archive, "--wildcards", "*/consented_user_ids.json"]).runChecked()
    return Set(text.split { !$0.isNumber }.compactMap { Int($0) })
  }
}
