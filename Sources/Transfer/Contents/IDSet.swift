/// A set of ids. Compact if they are close together: one bit each.
struct IDSet {
  private var chunks: [Int64: [UInt64]] = [:]
  /// The chunk of the last id: ids are nearly always in order.
  private var currentKey: Int64?
  private var current: [UInt64] = []
  private(set) var count = 0

  /// Chunks are small: on a server with many organizations the ids of one are far apart.
  private static let bits: Int64 = 9
  private static let mask: Int64 = (1 << bits) - 1
  private static let words = 1 << (Int(bits) - 6)

  /// Inserts an id; returns false if it was already in the set.
  @discardableResult
  mutating func insert(_ id: Int64) -> Bool {
    let key = id >> Self.bits
    if key != currentKey { use(key) }
    let word = Int(id & Self.mask) >> 6
    let bit = UInt64(1) << UInt64(id & 63)
    guard current[word] & bit == 0 else { return false }
    current[word] |= bit
    count += 1
    return true
  }

  func contains(_ id: Int64) -> Bool {
    let key = id >> Self.bits
    let chunk = key == currentKey ? current : chunks[key] ?? []
    guard !chunk.isEmpty else { return false }
    return chunk[Int(id & Self.mask) >> 6] & (UInt64(1) << UInt64(id & 63)) != 0
  }

  private mutating func use(_ key: Int64) {
    if let currentKey { chunks[currentKey] = current }
    current = chunks.removeValue(forKey: key) ?? [UInt64](repeating: 0, count: Self.words)
    currentKey = key
  }
}
