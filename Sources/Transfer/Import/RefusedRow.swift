import Common
import Postgres

/// Explains a row that the database refuses although every known rule accepted it: as a row of the archive.
enum RefusedRow {
  /// SQLSTATE classes: data exceptions, and constraint violations.
  private static let classes = ["22", "23"]

  /// Returns the failure to report for an error of an import; returns an error of another kind unchanged.
  static func explained(_ error: any Error) -> any Error {
    guard let failure = error as? DatabaseFailure, let state = failure.sqlState,
      classes.contains(where: state.hasPrefix)
    else { return error }
    let rule = failure.constraint.map { "its constraint \(SafeText.clean($0, limit: .name))" } ?? "the type of a column"
    return PlainFailure(
      .damagedArchive, failure.table.map { SafeText.clean($0, limit: .name) } ?? "rows",
      "this server's database refuses a row because of \(rule)",
      remedy: "make the archive again with the same version of the server")
  }
}
