import Common
import Postgres
import Sandbox
import Testing

@testable import Administration
@testable import Engine
@testable import Operations
@testable import Server
@testable import Transfer

/// Organizations in states that the column `deactivated` alone does not show.
@Suite("Redirected, scrubbed and demo organizations")
struct OrganizationStateTests {
  private func server() throws -> SandboxServer {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.bookclub, subdomain: "readers", messages: 10))
    return server
  }

  private func find(_ subdomain: String, on server: SandboxServer) throws -> Organization {
    let connection = try server.connect()
    defer { connection.close() }
    return try Organization.find(subdomain, connection, brand: server.brand)
  }

  private func blocker(_ findings: [Finding]) throws -> Finding {
    try #require(findings.first { $0.severity == .blocker })
  }

  @Test("Each state is recognized from the facts of the rows")
  func states() throws {
    let server = try server()
    let admin = try server.connectAsSuperuser()
    func state() throws -> Organization.State { try find("readers", on: server).state }
    #expect(try state() == .active)
    try admin.execute(
      "UPDATE zerver_realm SET demo_organization_scheduled_deletion_date = '2027-01-31 10:00Z' WHERE string_id = 'readers'"
    )
    #expect(try state() == .demo(deletion: "2027-01-31"))
    for moment in ["infinity", "-infinity"] {
      try admin.execute(
        "UPDATE zerver_realm SET demo_organization_scheduled_deletion_date = '\(moment)' WHERE string_id = 'readers'")
      #expect(try state() == .active, "\(moment)")
    }
    try admin.execute("UPDATE zerver_realm SET deactivated = true WHERE string_id = 'readers'")
    #expect(try state() == .deactivated(deletion: nil))
    try admin.execute(
      """
      ALTER TABLE zerver_realm ADD scheduled_deletion_date timestamptz;
      UPDATE zerver_realm SET scheduled_deletion_date = '2027-02-28 10:00Z' WHERE string_id = 'readers'
      """)
    #expect(try state() == .deactivated(deletion: "2027-02-28"))
    try admin.execute(
      "UPDATE zerver_realm SET deactivated_redirect = 'https://elsewhere.example' WHERE string_id = 'readers'")
    #expect(try state() == .moved(to: "https://elsewhere.example"))
    try admin.execute("UPDATE zerver_realm SET deactivated = false WHERE string_id = 'readers'")
    #expect(try state() == .active, "the server heeds a redirect only of what is deactivated")
    try server.addRedirect("bookclub", to: "https://readers.\(server.host)")
    #expect(try find("bookclub", on: server).state == .redirect(to: "https://readers.\(server.host)"))
    try admin.execute(
      "UPDATE zerver_userprofile SET delivery_email = 'scrubbed-' || id || '@x.example' WHERE realm_id > 1 AND NOT is_bot"
    )
    #expect(try state() == .scrubbed)
    try admin.execute(
      """
      UPDATE zerver_userprofile SET delivery_email = 'new@x.example', is_active = true WHERE id =
        (SELECT min(id) FROM zerver_userprofile WHERE realm_id > 1 AND NOT is_bot)
      """)
    #expect(try state() == .active, "somebody has joined since")
  }

  @Test("The address of a redirect is shown without control characters")
  func cleaned() throws {
    let server = try server()
    try server.addRedirect("bookclub", to: "https://x.example/\u{1B}[31m\u{202E}gpj")
    #expect(try find("bookclub", on: server).state == .redirect(to: "https://x.example/[31mgpj"))
  }

  @Test("Operations on a redirect are refused with the address of the organization")
  func redirect() throws {
    let server = try server()
    let installation = try server.installation
    let address = "https://readers.\(server.host)"
    try server.addRedirect("bookclub", to: address)
    let refused: [(String, any Operations.Operation)] = [
      (
        "export",
        ExportOperation(ServerReference(installation), .init(subdomain: "bookclub", output: "\(server.root)/a.tar.gz"))
      ),
      ("deactivate", DeactivateOperation(ServerReference(installation), subdomain: "bookclub")),
      ("reactivate", ReactivateOperation(ServerReference(installation), subdomain: "bookclub")),
      ("change", ChangeSubdomainOperation(ServerReference(installation), from: "bookclub", to: "former")),
      (
        "password reset",
        PasswordResetOperation(
          ServerReference(installation), subdomain: "bookclub", audience: .everybody, onlyNeverSignedIn: false)
      ),
    ]
    for (name, operation) in refused {
      let blocker = try #require(try operation.check().first { $0.subject == "state" }, "\(name)")
      #expect(blocker.severity == .blocker, "\(name)")
      #expect(blocker.reason.contains("redirect to \(address)"), "\(name): \(blocker.reason)")
      #expect(blocker.remedy?.contains("-r readers") == true, "\(name): \(blocker.remedy ?? "")")
      #expect(throws: Blocked.self, "\(name)") { try operation.perform(.silent) }
    }
    #expect(try find("bookclub", on: server).state == .redirect(to: address))
    let elsewhere = "https://readers.other.example"
    try server.addRedirect("former", to: elsewhere)
    let export = ExportOperation(
      ServerReference(installation), .init(subdomain: "former", output: "\(server.root)/b.tar.gz"))
    #expect(try blocker(export.check()).remedy?.contains(elsewhere) == true)
  }

  @Test("A redirect is deleted with a warning; the organization that it leads to is not changed")
  func deletion() throws {
    let server = try server()
    let before = try server.state()
    try server.addRedirect("bookclub", to: "https://readers.\(server.host)")
    var options = DeleteOrganizationOperation.Options(subdomain: "bookclub")
    options.confirmation = "bookclub"
    let operation = DeleteOrganizationOperation(server.reference, options)
    let finding = try #require(try operation.check().first { $0.subject == "state" })
    #expect(finding.severity == .warning && finding.reason.contains("its name is free again"))
    #expect(finding.reason.contains("(readers) is not changed"))
    _ = try operation.perform(.silent)
    #expect(try server.state() == before)
  }

  @Test("An import into the subdomain of a redirect is refused with a remedy")
  func importOverRedirect() throws {
    let server = try server()
    try server.addRedirect("harbour", to: "https://readers.\(server.host)")
    let blocker = try blocker(try server.importing(Servers.archive()).check())
    #expect(blocker.reason.contains("is held by a redirect to https://readers.\(server.host)"))
    #expect(blocker.reason.contains("(readers) of this server"))
    #expect(blocker.remedy?.contains("organization delete -r harbour") == true)
    let moving = ChangeSubdomainOperation(server.reference, from: "readers", to: "former")
    #expect(try !moving.check().contains { $0.subject == "state" })
  }

  @Test("Moved, scrubbed and demo organizations are exported with a warning")
  func warnings() throws {
    let server = try server()
    let admin = try server.connectAsSuperuser()
    func warning() throws -> String {
      let findings = try ExportOperation(
        server.reference, .init(subdomain: "readers", output: "\(server.root)/a.tar.gz")
      ).check()
      let finding = try #require(findings.first { $0.subject == "state" })
      #expect(finding.severity == .warning)
      return finding.reason
    }
    try admin.execute(
      "UPDATE zerver_realm SET demo_organization_scheduled_deletion_date = '2027-01-31' WHERE string_id = 'readers'")
    #expect(try warning().contains("demo organization, which the server deletes on 2027-01-31"))
    try admin.execute(
      "UPDATE zerver_realm SET deactivated = true, deactivated_redirect = 'https://new.example' WHERE string_id = 'readers'"
    )
    #expect(try warning().contains("redirects to https://new.example"))
    let reactivation = try ReactivateOperation(server.reference, subdomain: "readers").check()
    #expect(reactivation.contains { $0.severity == .warning && $0.reason.contains("https://new.example") })
    try admin.execute(
      """
      UPDATE zerver_realm SET deactivated_redirect = NULL WHERE string_id = 'readers';
      UPDATE zerver_userprofile SET is_active = false WHERE realm_id > 1;
      INSERT INTO zerver_realmauditlog (realm_id, event_type, event_time, backfilled, extra_data)
        SELECT id, 203, now(), false, '{}' FROM zerver_realm WHERE string_id = 'readers'
      """)
    #expect(try warning().contains("was scrubbed"))
  }

  @Test("A change of the subdomain with a redirect can be undone")
  func undo() throws {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.bookclub, messages: 10))
    let before = try server.databaseState()
    let installation = try server.installation
    let job = try JobStore(installation).make(
      ChangeSubdomainOperation(
        .init(installation), from: "bookclub", to: "readers", leavesRedirect: true, allowsReserved: false),
      plan: nil)
    try JobProcess.run(job, cancellation: Cancellation())
    // The sandbox's command does not create the redirect.
    try server.addRedirect("bookclub", to: "https://readers.\(server.host)")
    try server.addRedirect("oldest", to: "https://readers.\(server.host)")
    let again = ChangeSubdomainOperation(ServerReference(installation), from: "readers", to: "bookclub")
    #expect(try blocker(again.check()).remedy?.contains("organization delete -r bookclub") == true)
    let undo = try UndoJobOperation(job)
    #expect(try undo.check().contains { $0.severity == .ok && $0.reason.contains("the redirect is removed") })
    _ = try undo.perform(.silent)
    #expect(
      try server.column("SELECT string_id FROM zerver_realm WHERE NOT deactivated ORDER BY id")
        == ["alohainternal", "bookclub"])
    #expect(
      try server.value("SELECT deactivated_redirect FROM zerver_realm WHERE deactivated")
        == "https://bookclub.\(server.host)")
    try server.connectAsSuperuser().execute("DELETE FROM zerver_realm WHERE string_id = 'oldest'")
    // Only the entries of the audit log and the sessions differ.
    let changed = try server.databaseState().filter { before[$0.key] != $0.value }.keys.sorted()
    #expect(changed.allSatisfy { $0.contains("auditlog") || $0.contains("django_session") }, "\(changed)")
  }
}

extension SandboxServer {
  /// Adds the row that the server's own command leaves at the old subdomain.
  func addRedirect(_ subdomain: String, to address: String) throws {
    let connection = try connectAsSuperuser()
    defer { connection.close() }
    _ = try connection.query(
      """
      INSERT INTO zerver_realm SELECT (jsonb_populate_record(r, jsonb_build_object(
        'id', nextval(pg_get_serial_sequence('zerver_realm', 'id')), 'string_id', $1::text, 'deactivated', true,
        'deactivated_redirect', $2::text, 'uuid', gen_random_uuid(), 'new_stream_announcements_stream_id', null,
        'signup_announcements_stream_id', null, 'zulip_update_announcements_stream_id', null))).*
      FROM zerver_realm r WHERE NOT deactivated ORDER BY id DESC LIMIT 1
      """, [subdomain, address])
  }
}
