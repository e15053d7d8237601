import Common

/// Tells the keys of the rows of one table apart, and refuses rows that have a key twice.
///
/// Rows of a table have their keys in the same order almost always: what the last row had is tried first, so that no
/// key is looked up by its text in the common case. Time is in proportion to the keys, memory is limited.
struct RowKeys {
  /// All keys so far: those given at the beginning, then others in the order of their appearance. A key's index is its
  /// place here.
  private(set) var names: [String]

  private var indices: [String: Int]
  /// The text and the index of each place in the last row.
  private var pattern: [(key: [UInt8], index: Int)] = []
  /// The row in which each key was last seen.
  private var lastRow: [Int]
  private var row = 0
  private var place = 0

  /// More than any table has columns: PostgreSQL allows 1,600.
  static let limit = 4096
  /// Bytes of a key: PostgreSQL's names have 63.
  private static let longest = 1000

  init(_ names: [String] = []) {
    self.names = names
    indices = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    lastRow = Array(repeating: 0, count: names.count)
  }

  /// Must be called before the first key of each row.
  mutating func beginRow() {
    row += 1
    place = 0
  }

  /// The index of the next key of the row.
  ///
  /// - Parameter scanner: where the key was read.
  /// - Throws: where the row has this key already, the key is too long, or rows have more than ``limit`` different keys.
  mutating func index(of key: UnsafeRawBufferPointer, _ scanner: JSONScanner) throws -> Int {
    let index: Int
    if place < pattern.count, pattern[place].key.count == key.count,
      pattern[place].key.withUnsafeBytes({ $0.elementsEqual(key) })
    {
      index = pattern[place].index
    } else {
      index = try learn(key, scanner)
    }
    place += 1
    guard lastRow[index] != row else {
      throw scanner.malformed("a row has the key \"\(SafeText.clean(names[index], limit: 80))\" twice")
    }
    lastRow[index] = row
    return index
  }

  private mutating func learn(_ key: UnsafeRawBufferPointer, _ scanner: JSONScanner) throws -> Int {
    guard key.count <= Self.longest else { throw scanner.malformed("a key is longer than \(Self.longest) bytes") }
    let text = String(decoding: key, as: UTF8.self)
    let index: Int
    if let known = indices[text] {
      index = known
    } else {
      guard names.count < Self.limit else {
        throw scanner.malformed("rows have more than \(Self.limit) different keys")
      }
      index = names.count
      names.append(text)
      indices[text] = index
      lastRow.append(0)
    }
    let entry = (key: Array(key), index: index)
    if place < pattern.count { pattern[place] = entry } else if place == pattern.count { pattern.append(entry) }
    return index
  }
}
