import Common
import Operations
import Server

/// Checks whether a dump contains a whole server. Dumps of a few tables, of definitions without rows, or of rows alone
/// are restored without an error, and would result in a server without users.
enum FullDumpCheck {
  private static let tables = ["django_migrations", TableName.realm, TableName.userProfile, TableName.message]
  private static let remedy = "use a dump of the whole database: pg_dump without --table, --schema-only or --data-only"

  /// Returns what is missing by the dump's own table of contents; nil if nothing is.
  static func finding(_ contents: DumpContents) -> Finding? {
    for (kind, what) in [("TABLE", "the table"), ("TABLE DATA", "the rows of")] {
      let there = Set(contents.entries.filter { $0.kind == kind }.map(\.name))
      if let missing = tables.first(where: { !there.contains($0) }) {
        return Finding(
          .blocker, "dump", "it is of a part of the server only: \(what) \(missing) is not in it",
          remedy: remedy)
      }
    }
    return nil
  }

  /// Checks a database after a dump was restored into it.
  ///
  /// - Parameter rows: the number of rows of each table.
  /// - Throws: `.damagedArchive` if a required table is missing or empty.
  static func check(_ rows: [String: Int64]) throws {
    for table in tables where rows[table] == nil {
      throw PlainFailure(
        .damagedArchive, "database", "has no table \(table): the dump was of a part of the server only", remedy: remedy)
    }
    for table in ["django_migrations", TableName.realm] where rows[table] == 0 {
      throw PlainFailure(
        .damagedArchive, "database", "has no rows in \(table): the dump was of a part of the server only",
        remedy: remedy)
    }
  }
}
