import JSON

/// The keys of the rows read so far, for one unique index.
///
/// Keys are stored as 128 bits of a hash that is seeded per process: no one can construct a collision.
struct UniqueKeys {
  private struct Key: Hashable {
    let high: Int
    let low: Int
  }

  /// A column of the rule.
  struct Column {
    /// The index of its value among a row's fields, and the index in archives that use the column's own name.
    let slot: Int
    let otherSlot: Int?
    /// Different spellings of a value can be equal in the database.
    let type: String
    /// Whether all rows without a value get the same value.
    let isFilled: Bool

    func value(_ fields: [JSONScanner.Value]) -> JSONScanner.Value {
      let value = fields[slot]
      guard value.kind == .missing, let otherSlot else { return value }
      return fields[otherSlot]
    }
  }

  let rule: UniqueRule
  /// The columns of the rule's parts, then of its condition.
  private let columns: [Column]
  private var keys: Set<Key> = []

  init(_ rule: UniqueRule, _ columns: [Column]) {
    self.rule = rule
    self.columns = columns
  }

  /// Forgets all keys, if the following rows cannot equal any earlier one.
  mutating func removeAll() { keys.removeAll(keepingCapacity: true) }

  /// Inserts the key of a row; returns false if an earlier row has the same key. A key that contains null equals no
  /// other.
  mutating func insert(_ fields: [JSONScanner.Value]) -> Bool {
    guard applies(fields) else { return true }
    var high = Hasher()
    var low = Hasher()
    low.combine(1)
    for (index, part) in rule.parts.enumerated() {
      let value = columns[index].value(fields)
      if value.kind == .missing, columns[index].isFilled {
        combine(UInt32.max - 1)
        continue
      }
      if value.kind == .missing || value.kind == .null { return true }
      switch (columns[index].type, value.kind) {
      case ("timestamptz", _): combine(ValueRule.moment(value))
      case (_, .number): combine(value.int)
      case (_, .string):
        let text = part.folding.folded(value.text ?? "")
        for scalar in text.unicodeScalars where scalar.value != 0 { combine(scalar.value) }
        combine(UInt32.max)
      default:
        high.combine(bytes: value.bytes)
        low.combine(bytes: value.bytes)
      }
    }

    func combine(_ part: some Hashable) {
      high.combine(part)
      low.combine(part)
    }
    return keys.insert(Key(high: high.finalize(), low: low.finalize())).inserted
  }

  private func applies(_ fields: [JSONScanner.Value]) -> Bool {
    guard let value = columns.last?.value(fields) else { return false }
    switch rule.condition {
    case .always: return true
    case .isNull: return value.kind == .null || value.kind == .missing
    case .isNotNull: return value.kind != .null && value.kind != .missing
    case .not: return value.kind == .bool && !value.isTrue
    case .holds: return value.isTrue
    }
  }
}
