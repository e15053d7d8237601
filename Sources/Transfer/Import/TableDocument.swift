import Archive
import Common
import JSON
import Server

/// A JSON document of an archive whose keys are tables.
///
/// The text stays on disk and is memory-mapped while rows are read.
final class TableDocument {
  let name: String
  private let file: MemberFile
  private let outline: DocumentOutline

  /// - Parameter contents: the reader that has checked the document, and knows where its tables begin.
  init(_ archive: OpenedArchive, _ name: String, _ contents: ArchiveContents) throws {
    self.name = name
    outline = contents.outlines[name] ?? DocumentOutline()
    file = try archive.open(name)
  }

  /// Opens a document that an archive may lack.
  static func optional(
    _ archive: OpenedArchive, _ document: TableRule.Document, _ contents: ArchiveContents
  ) throws -> TableDocument? {
    archive.contains(document.rawValue) ? try TableDocument(archive, document.rawValue, contents) : nil
  }

  /// Short values that are not lists of rows, as in ``DocumentOutline/flags``.
  var flags: [String: String] { outline.flags }

  /// The tables in the order of the document.
  var tables: [String] { outline.tables }

  func contains(_ table: String) -> Bool { outline.positions[table] != nil }

  /// Reads the rows of a table in the order of the document; none if the document lacks the table.
  ///
  /// - Parameter keys: the keys to read of each row.
  /// - Returns: the keys of the rows other than those.
  @discardableResult
  func rows(of table: String, keys: [String], _ body: (RowReader) throws -> Void) throws -> [String] {
    guard let position = outline.positions[table] else { return [] }
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
    guard let position = outline.positions[table] else { return nil }
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
