import Common
import Postgres
import Server

/// Provides new ids from the sequences of the server: takes them for an import, predicts them for a dry run.
final class NewIDs {
  /// Whether the ids are only predicted. Predicted ids change nothing on the server; they are those that an import gets
  /// unless another client takes ids first.
  let areForeseen: Bool
  private let model: DataModel
  private let connection: Connection
  /// The last predicted id of each table.
  private var last: [String: Int64] = [:]

  init(areForeseen: Bool, model: DataModel, connection: Connection) {
    self.areForeseen = areForeseen
    self.model = model
    self.connection = connection
  }

  /// Returns `count` ids in ascending order; none for a table without a sequence.
  func take(_ count: Int, of table: String) throws -> [Int64] {
    guard count > 0, let sequence = model[table]?.sequence else { return [] }
    let name = Identifier.literal(sequence)
    guard areForeseen else {
      return try connection.identifiers("SELECT nextval(\(name)) FROM generate_series(1, \(count))")
    }
    let before =
      try last[table]
      ?? connection.lastValue(ofSequence: sequence)
    let (end, overflow) = before.addingReportingOverflow(Int64(count))
    guard !overflow else {
      throw PlainFailure(.database, table, "has no ids left", remedy: "look at its sequence on this server")
    }
    last[table] = end
    return Array(before + 1...end)
  }
}
