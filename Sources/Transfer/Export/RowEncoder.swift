import Common
import JSON
import Postgres
import Server

/// Encodes the rows of one table, as binary COPY delivers them, as the JSON objects of the export.
///
/// Built once per table: the query, and for each key its text and the encoding of its value.
struct RowEncoder: Sendable {
  private enum Encoding: Sendable {
    case integer, bool, text, moment, uuid, float, double, jsonb
    /// Already JSON, as text.
    case json
  }

  private enum Source: Sendable {
    /// A field of the row.
    case field(Int, Encoding)
    case emptyList, emptyObject, null
  }

  private struct Key: Sendable {
    /// `"name":` with the comma or brace before it.
    let text: [UInt8]
    let source: Source
    let column: String
    let isRequired: Bool
  }

  let table: DataModel.Table
  /// The expressions to select, in the order of the fields.
  private let expressions: [String]
  /// The index of each column's field in the rows.
  private let positions: [String: Int]
  private let keys: [Key]
  private let deactivatedField: Int?
  private let overrideActive: Bool

  /// - Parameters:
  ///   - expressions: SQL that replaces a column.
  ///   - asActive: whether the organization's row is exported as active, whatever the database says.
  init(_ table: DataModel.Table, scope: ExportScope, replacing special: [String: String] = [:], asActive: Bool = false)
  {
    self.table = table
    var expressions: [String] = []
    var positions: [String: Int] = [:]
    var keys: [Key] = []

    func add(_ column: DataModel.Column, _ source: Source) {
      let text = JSONBuffer(capacity: 64)
      text.byte(keys.isEmpty ? 0x7B : 0x2C)
      text.string(column.key)
      text.byte(0x3A)
      keys.append(
        Key(text: Array(text.bytes), source: source, column: column.name, isRequired: column.isRequired))
    }

    func select(_ column: DataModel.Column, _ expression: String, _ encoding: Encoding) {
      add(column, .field(expressions.count, encoding))
      expressions.append(expression)
    }

    // The id comes first, where readers look for it.
    let ordered = table.columns.filter { $0.name == "id" } + table.columns.filter { $0.name != "id" }
    for column in ordered {
      switch column.exported {
      case .never: continue
      case .null: add(column, .null)
      case .emptyObject: add(column, .emptyObject)
      case .emptyList: add(column, .emptyList)
      case .copy(let other): select(column, "t.\(Identifier.quote(other))", .integer)
      case .identifiers(let joining, let child):
        select(column, Self.identifiers(of: table, joining: joining, child: child, scope: scope), .json)
      case .value:
        positions[column.name] = expressions.count
        let name = special[column.name] ?? "t.\(Identifier.quote(column.name))"
        let (expression, encoding) = Self.encoding(of: column.type, name)
        select(column, expression, encoding)
      }
    }
    self.expressions = expressions
    self.positions = positions
    self.keys = keys
    deactivatedField = positions["deactivated"]
    overrideActive = asActive && table.rows == .organization
  }

  /// Returns the COPY statement for the rows that `condition` selects, on a table named `t`.
  func copy(where condition: String, orderBy order: String?) -> String {
    let ordered = order.map { " ORDER BY \($0)" } ?? ""
    return "COPY (SELECT \(expressions.joined(separator: ", ")) FROM \(Identifier.quote(table.name)) t "
      + "WHERE \(condition)\(ordered)) TO STDOUT (FORMAT binary)"
  }

  /// Returns the index of a column's field in the rows; nil if the table has no such column.
  func position(of column: String) -> Int? { positions[column] }

  /// Returns the name of the column that a key of the rows is written from.
  func column(at key: Int) -> String { keys.indices.contains(key) ? keys[key].column : "" }

  /// - Parameter changes: receives the values that the format cannot express.
  func encode(_ fields: [UnsafeRawBufferPointer?], into output: JSONBuffer, changes: ChangedValues) {
    for (position, key) in keys.enumerated() {
      output.raw(key.text)
      switch key.source {
      case .null: output.null()
      case .emptyList: output.raw("[]")
      case .emptyObject: output.raw("{}")
      case .field(let index, let encoding):
        if overrideActive, index == deactivatedField {
          output.bool(false)
        } else if index < fields.count, let field = fields[index] {
          if let change = Self.write(field, encoding, isRequired: key.isRequired, into: output) {
            changes.note(change, at: position)
          }
        } else {
          output.null()
        }
      }
    }
    output.byte(0x7D)
  }

  /// The times that the official importer can read, in microseconds since 1970: from 0001-01-01 00:00:00 UTC to
  /// 9999-12-31 23:59:59, one whole second before the end because it reads them as floating-point numbers.
  private static let moments: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_000_000

  /// - Returns: how the value was changed; nil nearly always.
  @inline(__always)
  private static func write(
    _ field: UnsafeRawBufferPointer, _ encoding: Encoding, isRequired: Bool, into output: JSONBuffer
  ) -> ValueChange? {
    switch encoding {
    case .integer: output.integer(field.postgresInteger)
    case .bool: output.bool(field.postgresBool)
    case .text: output.string(field)
    case .moment:
      let moment = field.postgresMicroseconds
      guard moments.contains(moment) else {
        output.seconds(microseconds: moment < 0 ? moments.lowerBound : moments.upperBound)
        return .moment
      }
      output.seconds(microseconds: moment)
    case .float, .double:
      let number = field.postgresDouble
      guard let number, number.isFinite else {
        let largest = encoding == .float ? Double(Float.greatestFiniteMagnitude) : .greatestFiniteMagnitude
        switch number {
        case Double.infinity: output.double(largest)
        case -Double.infinity: output.double(-largest)
        default: if isRequired { output.integer(0) } else { output.null() }
        }
        return .number
      }
      output.double(number)
    case .json: output.raw(field)
    case .jsonb: output.raw(UnsafeRawBufferPointer(rebasing: field.dropFirst()))
    case .uuid: writeUUID(field, into: output)
    }
    return nil
  }

  private static func writeUUID(_ field: UnsafeRawBufferPointer, into output: JSONBuffer) {
    output.byte(0x22)
    for (index, digit) in Hexadecimal.encode(field).utf8.enumerated() {
      if index == 8 || index == 12 || index == 16 || index == 20 { output.byte(0x2D) }
      output.byte(digit)
    }
    output.byte(0x22)
  }

  /// Returns the expression to select and its encoding. A type without an encoder is converted by PostgreSQL: an array
  /// to JSON, any other to its text.
  private static func encoding(of type: String, _ name: String) -> (String, Encoding) {
    switch type {
    case "int2", "int4", "int8": (name, .integer)
    case "bool": (name, .bool)
    case "text", "varchar", "bpchar", "name", "citext": (name, .text)
    case "timestamptz", "timestamp": (name, .moment)
    case "uuid": (name, .uuid)
    case "float4": (name, .float)
    case "float8": (name, .double)
    case "jsonb": (name, .jsonb)
    case "json": (name, .json)
    case _ where type.hasPrefix("_"): ("to_json(\(name))::text", .json)
    default: ("\(name)::text", .text)
    }
  }

  private static func identifiers(
    of table: DataModel.Table, joining: String, child: String, scope: ExportScope
  ) -> String {
    let parent = Identifier.quote(table.name.split(separator: "_").last.map { "\($0)_id" } ?? "id")
    let column = Identifier.quote(child)
    let target = child == "message_id" ? TableName.message : TableName.scheduledMessage
    return """
      (SELECT coalesce(json_agg(j.\(column) ORDER BY j.\(column)), '[]')::text FROM \(Identifier.quote(joining)) j \
      WHERE j.\(parent) = t.id AND j.\(column) IN (\(scope.keys(of: target))))
      """
  }
}
