import Archive
import Common
import Operations
import Postgres
import Server

/// The record of an export on the server: an entry in the organization's audit log, as the server's own exporter
/// writes, and on later versions a row in its list of exports (`zerver_realmexport`).
struct ExportRecord {
  let organization: Organization
  let reach: ExportScope.Reach
  let archive: ArchiveWriter.Finished
  /// The content of `stats.json`.
  let statistics: [UInt8]
  /// The start of the export, in microseconds since 1970.
  let began: Int64

  /// Writes the record. The archive is complete with or without it, so a failure is only a warning.
  func write(_ connection: Connection, _ catalog: Catalog, _ progress: Progress) {
    do {
      guard try connection.value("SELECT pg_is_in_recovery()") == "f" else {
        return progress.note("The audit log has no line of this export: the database is a read-only standby.")
      }
      let row = catalog[TableName.realmExport] == nil ? nil : tryListing(connection, progress)
      try AuditLog.record(
        .exported, organization: organization.id, details: row.map { "{\"realm_export_id\": \($0)}" } ?? "{}",
        connection)
    } catch {
      progress.warn("The audit log has no line of this export: \(error)")
    }
  }

  /// Returns the id of the new row in the list of exports; nil, with a warning, if it fails: a later version may
  /// require more columns.
  private func tryListing(_ connection: Connection, _ progress: Progress) -> Int64? {
    do {
      return try listed(connection)
    } catch {
      progress.warn("The server's own list of exports does not have this one: \(error)")
      return nil
    }
  }

  /// Types and states in the server's list of exports.
  private enum ListedType: Int { case publicChannels = 1, consent = 2, everything = 3 }
  private static let succeeded = 3

  /// Inserts the row and returns its id.
  private func listed(_ connection: Connection) throws -> Int64? {
    let type: ListedType =
      switch reach {
      case .everything: .everything
      case .publicChannels: .publicChannels
      case .consent: .consent
      }
    return try connection.value(
      """
      INSERT INTO zerver_realmexport (realm_id, type, status, date_requested, date_started, date_succeeded,
        sha256sum_hex, tarball_size_bytes, stats)
      VALUES ($1, $2, $3, to_timestamp($4::float8), to_timestamp($4::float8), now(), $5, $6, $7::jsonb) RETURNING id
      """,
      [
        String(organization.id), String(type.rawValue), String(Self.succeeded), String(Double(began) / 1_000_000),
        try Digest.hexadecimal(ofFile: archive.path), String(archive.size),
        String(decoding: statistics, as: UTF8.self),
      ]
    ).flatMap { Int64($0) }
  }
}
