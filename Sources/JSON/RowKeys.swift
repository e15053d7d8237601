import Common

/// Distinguishes the keys of the rows of one table, and refuses rows with duplicate keys.
///
/// Rows of a table nearly always have their keys in the same order: the keys of the last row are tried first, so that
/// usually no key is looked up by its text. Time is linear in the keys, and memory is limited.
package struct RowKeys {
  /// All keys so far: the given ones, then others in the order of their appearance. The position here is the index of a
  /// key.
  package private(set) var names: [String]

  private var indices: [String: Int]
  /// The text and the index of each key in the last row.
  private var pattern: [(key: [UInt8], index: Int)] = []
  /// The row in which each key was last seen.
  private var lastRow: [Int]
  private var row = 0
  private var place = 0

  /// The limit of different keys, more than any table has columns: PostgreSQL allows 1,600.
  static let limit = 4096
  /// The limit of bytes in a key: PostgreSQL's names have 63.
  private static let longest = 1000

  package init(_ names: [String] = []) {
    self.names = names
    indices = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    lastRow = Array(repeating: 0, count: names.count)
  }

  /// Begins a row. Must be called before its first key.
  package mutating func beginRow() {
    row += 1
    place = 0
  }

  /// Returns the index of the next key of the row.
  ///
  /// - Parameter scanner: the scanner that has read the key.
  /// - Throws: if the row already has this key, the key is too long, or rows have more than ``limit`` different keys.
  package mutating func index(of key: UnsafeRawBufferPointer, _ scanner: JSONScanner) throws -> Int {
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
      throw scanner.malformed("a row has the key \"\(SafeText.clean(names[index], limit: .label))\" twice")
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
