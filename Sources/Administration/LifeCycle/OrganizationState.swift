import Common
import Postgres
import Server

/// Deactivates and reactivates an organization like the server does.
package enum OrganizationState {
  /// The reason of a deactivation, as the server's audit log names it.
  package enum DeactivationReason: String {
    case ownerRequest = "owner_request"
    /// The organization is exported to another server.
    case migration = "self_hosting_migration"
  }

  /// Deactivates an organization. All data is kept.
  package static func deactivate(
    _ organization: Organization, because reason: DeactivationReason = .ownerRequest, _ connection: Connection
  ) throws {
    try connection.transaction {
      _ = try connection.query(
        "UPDATE zerver_realm SET deactivated = true WHERE id = $1", [String(organization.id)])
      let counts = try AuditLog.roleCount(organization.id, connection)
      // Servers with planned deletions record a reason too.
      let details =
        try hasPlannedDeletions(connection)
        ? "\(counts.dropLast()), \"deactivation_reason\": \"\(reason.rawValue)\"}" : counts
      try AuditLog.record(.deactivated, organization: organization.id, details: details, connection)
    }
  }

  /// Ends sessions and scheduled mail of a deactivated organization. The server's cache contains copies of sessions and
  /// must be flushed afterwards.
  ///
  /// - Returns: the number of ended sessions.
  @discardableResult
  package static func endActivity(_ organization: Organization, _ connection: Connection) throws -> Int {
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

  /// Returns whether there is something that ``endActivity(_:_:)`` would end.
  static func hasActivity(_ organization: Organization, _ connection: Connection) throws -> Bool {
    if try connection.value(
      "SELECT 1 FROM zerver_scheduledemail WHERE realm_id = $1 LIMIT 1", [String(organization.id)]) != nil
    {
      return true
    }
    return try !Sessions.keys(of: users(organization, connection), connection).isEmpty
  }

  package static func reactivate(_ organization: Organization, _ connection: Connection) throws {
    try connection.transaction {
      let planned = try hasPlannedDeletions(connection) ? ", scheduled_deletion_date = NULL" : ""
      _ = try connection.query(
        "UPDATE zerver_realm SET deactivated = false\(planned) WHERE id = $1", [String(organization.id)])
      try AuditLog.record(
        .reactivated, organization: organization.id,
        details: try AuditLog.roleCount(organization.id, connection), connection)
    }
  }

  /// Moves an organization to another subdomain. Redirects of earlier moves are updated.
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

  /// Returns the redirect that an earlier move of the organization has left at a name; nil if the name is unused or
  /// belongs to something else.
  static func ownRedirect(
    at subdomain: String, of organization: Organization, _ installation: Installation, _ connection: Connection
  ) throws -> Organization? {
    guard let there = try? Organization.find(subdomain, connection, brand: installation.brand),
      case .redirect(let address) = there.state,
      RedirectTarget.subdomain(of: address, installation) == organization.subdomain
    else { return nil }
    return there
  }

  /// Deletes the rows of a redirect within the caller's transaction.
  private static func remove(
    _ redirect: Organization, _ installation: Installation, _ connection: Connection
  ) throws {
    let catalog = try Catalog.read(connection, schema: installation.brand.schema)
    let doomed = try DeletionSet(redirect, catalog: catalog, brand: installation.brand, connection)
    _ = try RowDeletion(doomed: doomed, connection: connection).run(.unseen)
  }

  /// Returns for example "https://lab.example.com".
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
