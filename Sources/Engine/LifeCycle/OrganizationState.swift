import Common
import Postgres

/// Switching an organization off and on again, as the server does it.
enum OrganizationState {
  /// Why an organization is deactivated, in the words of the server's log.
  enum DeactivationReason: String {
    case ownerRequest = "owner_request"
    /// It is exported to another server at the same time.
    case migration = "self_hosting_migration"
  }

  /// Nobody can sign in any more; all data stays.
  static func deactivate(
    _ organization: Organization, because reason: DeactivationReason = .ownerRequest, _ connection: Connection
  ) throws {
    try connection.transaction {
      _ = try connection.query(
        "UPDATE zerver_realm SET deactivated = true WHERE id = $1", [String(organization.id)])
      let counts = try AuditLog.roleCount(organization.id, connection)
      // Servers that plan deletions note a reason too.
      let details =
        try hasPlannedDeletions(connection)
        ? "\(counts.dropLast()), \"deactivation_reason\": \"\(reason.rawValue)\"}" : counts
      try AuditLog.record(.deactivated, organization: organization.id, details: details, connection)
    }
  }

  /// Ends what would go on in a deactivated organization: open sessions, mail that is about to be sent. The server's
  /// cache holds copies of sessions: flush it afterwards.
  ///
  /// - Returns: how many sessions were ended.
  @discardableResult
  static func endActivity(_ organization: Organization, _ connection: Connection) throws -> Int {
    try connection.transaction {
      let ended = try Sessions.end(of: try users(organization, connection), connection)
      _ = try connection.query(
        """
        DELETE FROM zerver_scheduledemail_users WHERE scheduledemail_id IN (
          SELECT id FROM zerver_scheduledemail WHERE realm_id = $1)
        """, [String(organization.id)])
      _ = try connection.query("DELETE FROM zerver_scheduledemail WHERE realm_id = $1", [String(organization.id)])
      return ended
    }
  }

  static func reactivate(_ organization: Organization, _ connection: Connection) throws {
    try connection.transaction {
      let planned = try hasPlannedDeletions(connection) ? ", scheduled_deletion_date = NULL" : ""
      _ = try connection.query(
        "UPDATE zerver_realm SET deactivated = false\(planned) WHERE id = $1", [String(organization.id)])
      try AuditLog.record(
        .reactivated, organization: organization.id,
        details: try AuditLog.roleCount(organization.id, connection), connection)
    }
  }

  /// Moves an organization to another subdomain. Redirects that older moves have left follow it.
  static func move(
    _ organization: Organization, to subdomain: String, _ installation: Installation, _ connection: Connection
  ) throws {
    let id = String(organization.id)
    try connection.transaction {
      let old = try connection.value("SELECT string_id FROM zerver_realm WHERE id = $1 FOR UPDATE", [id]) ?? ""
      if let redirect = try ownRedirect(at: subdomain, of: organization, installation, connection) {
        try remove(redirect, installation, connection)
      }
      _ = try connection.query(
        "UPDATE zerver_realm SET string_id = $2, demo_organization_scheduled_deletion_date = NULL WHERE id = $1",
        [id, subdomain])
      let details = try connection.value(
        "SELECT jsonb_build_object('old_subdomain', $1::text, 'new_subdomain', $2::text)", [old, subdomain])
      try AuditLog.record(
        .subdomainChanged, organization: organization.id, details: details ?? "{}", connection)
      _ = try connection.query(
        "UPDATE zerver_realm SET deactivated_redirect = $2 WHERE deactivated_redirect = $1 AND deactivated",
        [address(old, installation), address(subdomain, installation)])
      _ = try Sessions.end(of: try users(organization, connection), connection)
    }
  }

  /// The redirect that an earlier move of the organization has left at a name; nil where the name is held by anything
  /// else, or by nothing.
  static func ownRedirect(
    at subdomain: String, of organization: Organization, _ installation: Installation, _ connection: Connection
  ) throws -> Organization? {
    guard let there = try? Organization.find(subdomain, connection, brand: installation.brand),
      case .redirect(let address) = there.state,
      RedirectTarget.subdomain(of: address, installation) == organization.subdomain
    else { return nil }
    return there
  }

  /// Deletes the few rows of a redirect, within the caller's transaction.
  private static func remove(
    _ redirect: Organization, _ installation: Installation, _ connection: Connection
  ) throws {
    let catalog = try Catalog.read(connection, schema: installation.brand.schema)
    let doomed = try DeletionSet(redirect, catalog: catalog, brand: installation.brand, connection)
    _ = try RowDeletion(doomed: doomed, connection: connection).run(.unseen)
  }

  /// "https://lab.example.com".
  static func address(_ subdomain: String, _ installation: Installation) -> String {
    let host = installation.settings.text("EXTERNAL_HOST") ?? ""
    return "https://\(subdomain.isEmpty ? host : "\(subdomain).\(host)")"
  }

  private static func users(_ organization: Organization, _ connection: Connection) throws -> Set<Int64> {
    Set(
      try connection.query("SELECT id FROM zerver_userprofile WHERE realm_id = $1", [String(organization.id)])
        .compactMap { $0[0].flatMap { Int64($0) } })
  }

  private static func hasPlannedDeletions(_ connection: Connection) throws -> Bool {
    try connection.value(
      """
      SELECT 1 FROM pg_attribute WHERE attrelid = 'zerver_realm'::regclass AND attname = 'scheduled_deletion_date'
        AND NOT attisdropped
      """) != nil
  }
}
