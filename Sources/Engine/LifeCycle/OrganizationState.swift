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
      _ = try connection.query(
        """
        DELETE FROM zerver_scheduledemail_users WHERE scheduledemail_id IN (
          SELECT id FROM zerver_scheduledemail WHERE realm_id = $1)
        """, [String(organization.id)])
      _ = try connection.query("DELETE FROM zerver_scheduledemail WHERE realm_id = $1", [String(organization.id)])
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
