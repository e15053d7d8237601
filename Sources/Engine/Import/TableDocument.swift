import Archive
import Common

/// One JSON document of an archive whose keys are tables: where the rows of each begin, found in one pass.
///
/// The text stays on the disk and is mapped while rows are read.
final class TableDocument {
  let name: String
  private let file: MemberFile
  private var positions: [String: Int] = [:]
  /// Keys that hold no list of rows, with their text: `sort_by_date`.
  private(set) var flags: [String: String] = [:]
  /// Tables in the order of the document.
  private(set) var tables: [String] = []

  init(_ archive: OpenedArchive, _ name: String) throws {
    self.name = name
    file = try archive.open(name)
    try file.withMappedBytes { bytes in
      var scanner = JSONScanner(bytes, name: name)
      var keys = RowKeys()
      keys.beginRow()
      try scanner.object { scanner, key in
        // Two steps: a name is there only when its index is known.
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

  /// Reads the rows of a table in the order of the document; none where the document does not have it.
  ///
  /// - Parameter keys: what is wanted of each row.
  /// - Returns: keys that rows had beyond those.
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

  /// The keys of the first row of a table.
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
