import Common

/// Reads JSON objects of one table, one after the other, and puts the values of the keys that are wanted in order.
///
/// Rows of a table have their keys in the same order almost always: what the last row had is tried first, so that no
/// key is looked up by its text in the common case.
struct RowReader {
  /// The values of the current row, one for each wanted key; `.missing` where the row has none.
  private(set) var values: [JSONScanner.Value]
  /// Keys that rows had and that nobody wants, in the order of their appearance.
  private(set) var unwanted: [String] = []

  private let keys: [[UInt8]]
  private let positions: [String: Int]
  /// Wanted key, or -1, of each place in the last row, with the key's text.
  private var pattern: [(key: [UInt8], position: Int)] = []

  init(keys: [String]) {
    self.keys = keys.map { Array($0.utf8) }
    positions = Dictionary(keys.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    values = Array(repeating: .missing, count: keys.count)
  }

  subscript(_ index: Int) -> JSONScanner.Value { values[index] }

  /// Reads the object that begins at the scanner's position.
  mutating func read(_ scanner: inout JSONScanner) throws {
    for index in values.indices { values[index] = .missing }
    var place = 0
    try scanner.object { scanner, key in
      let position: Int
      if place < pattern.count, pattern[place].key.count == key.count,
        pattern[place].key.withUnsafeBytes({ $0.elementsEqual(key) })
      {
        position = pattern[place].position
      } else {
        position = learn(key, at: place)
      }
      place += 1
      let value = try scanner.value()
      if position >= 0 { values[position] = value }
    }
  }

  private mutating func learn(_ key: UnsafeRawBufferPointer, at place: Int) -> Int {
    let text = String(decoding: key, as: UTF8.self)
    let position = positions[text] ?? -1
    if position < 0, !unwanted.contains(text) { unwanted.append(text) }
    let entry = (key: Array(key), position: position)
    if place < pattern.count { pattern[place] = entry } else if place == pattern.count { pattern.append(entry) }
    return position
  }
}
