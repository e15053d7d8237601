import CPostgres

/// A row of a result, with all values in PostgreSQL's text format.
public struct Row: Sendable {
  private let names: [String]
  private let values: [String?]

  public subscript(_ column: Int) -> String? { values[column] }

  /// The value of a column by name; nil if it is NULL or there is no such column.
  public subscript(_ name: String) -> String? {
    names.firstIndex(of: name).flatMap { values[$0] }
  }

  /// Returns an integer; nil if the value is NULL or not an integer.
  public func int(_ column: Int) -> Int? { values[column].flatMap { Int($0) } }

  public func bool(_ column: Int) -> Bool { values[column] == "t" }

  static func all(of result: OpaquePointer) -> [Row] {
    let columns = PQnfields(result)
    let names = (0..<columns).map { String(cString: PQfname(result, $0)) }
    return (0..<PQntuples(result)).map { row in
      Row(
        names: names,
        values: (0..<columns).map { column in
          PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
        })
    }
  }
}
