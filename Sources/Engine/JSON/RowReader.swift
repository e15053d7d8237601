/// Reads JSON objects of one table, one after the other, and puts the values of the keys that are wanted in order.
struct RowReader {
  /// Bytes of a row. Rows of a server never come near; one that does would take the memory of everything else.
  static let longestRow = 64 << 20

  /// The values of the current row, one for each wanted key; `.missing` where the row has none.
  private(set) var values: [JSONScanner.Value]
  /// Keys that rows had and that nobody wants, in the order of their appearance.
  var unwanted: [String] { Array(keys.names.dropFirst(values.count)) }

  private var keys: RowKeys

  init(keys: [String]) {
    self.keys = RowKeys(keys)
    values = Array(repeating: .missing, count: keys.count)
  }

  subscript(_ index: Int) -> JSONScanner.Value { values[index] }

  /// Reads the object that begins at the scanner's position.
  ///
  /// - Throws: where it is no object, has a key twice, or is longer than ``longestRow``.
  mutating func read(_ scanner: inout JSONScanner) throws {
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
