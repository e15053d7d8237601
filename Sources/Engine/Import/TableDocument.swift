import Archive
import Common

/// A JSON document of an archive whose keys are tables. One pass finds the position of each table's rows.
///
/// The text stays on disk and is memory-mapped while rows are read.
final class TableDocument {
  let name: String
  private let file: MemberFile
  private var positions: [String: Int] = [:]
  /// Keys whose value is not a list of rows, with their text: `sort_by_date`.
  private(set) var flags: [String: String] = [:]
  /// The tables in the order of the document.
  private(set) var tables: [String] = []

  init(_ archive: OpenedArchive, _ name: String) throws {
    self.name = name
    file = try archive.open(name)
    try file.withMappedBytes { bytes in
      var scanner = JSONScanner(bytes, name: name)
      var keys = RowKeys()
      keys.beginRow()
      try scanner.object { scanner, key in
        // Two steps: the name is valid only once its index is known.
        let index = try keys.index(of: key, scanner)
        let table = keys.names[index]
        let isList = scanner.peek() == 0x5B
        let position = scanner.position
        let value = try scanner.value()
        guard isList else {
          flags[table] = String(decoding: value.bytes, as: UTF8.self)
          return
        }
        positions[table] = position
        tables.append(table)
      }
      try scanner.end()
    }
  }

  func contains(_ table: String) -> Bool { positions[table] != nil }

  /// Reads the rows of a table in the order of the document; none if the document lacks the table.
  ///
  /// - Parameter keys: the keys to read of each row.
  /// - Returns: the keys of the rows other than those.
  @discardableResult
  func rows(of table: String, keys: [String], _ body: (RowReader) throws -> Void) throws -> [String] {
    guard let position = positions[table] else { return [] }
    return try file.withMappedBytes { bytes in
      var scanner = JSONScanner(bytes, name: name, at: position)
      var reader = RowReader(keys: keys)
      try scanner.array { scanner in
        try reader.read(&scanner)
        try body(reader)
      }
      return reader.unwanted
    }
  }

  /// Returns the keys of the first row of a table; nil if the document lacks the table or it has no rows.
  func keys(of table: String) throws -> Set<String>? {
    guard let position = positions[table] else { return nil }
    return try file.withMappedBytes { bytes -> Set<String>? in
      var scanner = JSONScanner(bytes, name: name, at: position)
      try scanner.expect(0x5B)
      guard scanner.peek() == 0x7B else { return nil }
      var reader = RowReader(keys: [])
      try reader.read(&scanner)
      return Set(reader.unwanted)
    }
  }
}
