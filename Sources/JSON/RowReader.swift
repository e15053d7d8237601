/// Reads JSON objects of one table, one after the other, and returns the values of the requested keys in order.
package struct RowReader {
  /// The limit of bytes in a row. Real rows are far smaller; a larger one would exhaust memory.
  package static let longestRow = 64 << 20

  /// The values of the current row, one for each requested key; `.missing` if the row has none.
  package private(set) var values: [JSONScanner.Value]
  /// The other keys of the rows, in the order of their appearance.
  package var unwanted: [String] { Array(keys.names.dropFirst(values.count)) }

  private var keys: RowKeys

  package init(keys: [String]) {
    self.keys = RowKeys(keys)
    values = Array(repeating: .missing, count: keys.count)
  }

  package subscript(_ index: Int) -> JSONScanner.Value { values[index] }

  /// Reads the object that begins at the scanner's position.
  ///
  /// - Throws: if it is not an object, has a duplicate key, or is longer than ``longestRow``.
  package mutating func read(_ scanner: inout JSONScanner) throws {
    for index in values.indices { values[index] = .missing }
    keys.beginRow()
    _ = scanner.peek()
    let start = scanner.position
    try scanner.object { scanner, key in
      let index = try keys.index(of: key, scanner)
      let value = try scanner.value()
      if index < values.count { values[index] = value }
    }
    guard scanner.position - start <= Self.longestRow else {
      throw scanner.malformed("a row is longer than \(Self.longestRow >> 20) MiB")
    }
  }
}
