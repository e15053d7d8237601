import Archive

/// Why a value of the database is not written as it is.
enum ValueChange: Int, CaseIterable, Sendable {
  /// A moment before the year 1, after the year 9999, or infinite.
  case moment
  /// NaN or an infinite number.
  case number

  var reason: String {
    switch self {
    case .moment:
      "infinity, or out of the range of the years 1 to 9999 that exports can hold: replaced by the nearest moment in it"
    case .number: "NaN or infinity, which exports cannot hold: replaced by nothing, zero or the largest number"
    }
  }
}

/// Counts the values of one table that the format cannot express and that were therefore written in another form.
///
/// The server's exports hold moments as seconds that Python's `datetime` must be able to read (years 1 to 9999), and
/// numbers as JSON has them. One instance belongs to one thread.
final class ChangedValues {
  /// By the key's position in the row and the kind of change.
  private var counts: [Int: Int64] = [:]

  func note(_ change: ValueChange, at key: Int) {
    counts[key * ValueChange.allCases.count + change.rawValue, default: 0] += 1
  }

  /// What was noted of a table's encoder since the beginning; empty for nearly every organization.
  func list(_ encoder: RowEncoder) -> [Manifest.Changed] {
    counts.sorted { $0.key < $1.key }.compactMap { entry in
      let (key, change) = entry.key.quotientAndRemainder(dividingBy: ValueChange.allCases.count)
      guard let change = ValueChange(rawValue: change) else { return nil }
      return Manifest.Changed(
        table: encoder.table.name, column: encoder.column(at: key), reason: change.reason, count: entry.value)
    }
  }
}

extension [Manifest.Changed] {
  /// The same with one entry for each column and reason.
  func summed() -> [Manifest.Changed] {
    reduce(into: []) { sums, entry in
      let same = sums.firstIndex {
        $0.table == entry.table && $0.column == entry.column && $0.reason == entry.reason
      }
      if let same { sums[same].count += entry.count } else { sums.append(entry) }
    }
  }
}
