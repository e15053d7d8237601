import JSON

/// Where the tables of a JSON document begin, noted while the document is read for the first time, so that it is not
/// searched again to read its rows.
struct DocumentOutline {
  /// The offset of each table's opening bracket, in bytes from the beginning of the document.
  private(set) var positions: [String: Int] = [:]
  /// Short values that are not lists of rows: the text of a string (`import_source`), the JSON text of a number or
  /// boolean (`sort_by_date`).
  private(set) var flags: [String: String] = [:]
  /// The tables in the order of the document.
  private(set) var tables: [String] = []

  private static let longestFlag = 256

  mutating func add(table: String, at position: Int64) {
    positions[table] = Int(clamping: position)
    tables.append(table)
  }

  mutating func add(flag: String, _ value: UnsafeRawBufferPointer) {
    guard value.count <= Self.longestFlag else { return }
    var scanner = JSONScanner(value, name: flag)
    guard let value = try? scanner.value() else { return }
    switch value.kind {
    case .string: flags[flag] = value.text
    case .number, .bool: flags[flag] = String(decoding: value.bytes, as: UTF8.self)
    case .null, .array, .object, .missing: break
    }
  }
}
