import Common
import Postgres

/// Switching an organization off and on again, as the server does it.
enum OrganizationState {
  /// Nobody can sign in any more; all data stays.
  static func deactivate(_ organization: Organization, _ connection: Connection) throws {
    try connection.transaction {
      _ = try connection.query(
        "UPDATE zerver_realm SET deactivated = true WHERE id = $1", [String(organization.id)])
      try AuditLog.record(
        .deactivated, organization: organization.id,
        details: try AuditLog.roleCount(organization.id, connection), connection)
    }
  }

  /// Ends what would go on in a deactivated organization: open sessions, mail that is about to be sent.
  ///
  /// - Returns: how many sessions were ended.
  @discardableResult
  static func endActivity(_ organization: Organization, _ connection: Connection) throws -> Int {
    try connection.transaction {
      let users = Set(
        try connection.identifiers("SELECT id FROM zerver_userprofile WHERE realm_id = \(organization.id)"))
      let ended = try Sessions.end(of: users, connection)
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
      _ = try connection.query(
        "UPDATE zerver_realm SET deactivated = false WHERE id = $1", [String(organization.id)])
      try AuditLog.record(
        .reactivated, organization: organization.id,
        details: try AuditLog.roleCount(organization.id, connection), connection)
    }
  }
}
