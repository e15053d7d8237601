import Archive

/// Why a value of the database is exported in another form.
enum ValueChange: Int, CaseIterable, Sendable {
  /// A time before the year 1, after the year 9999, or infinite.
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

/// Counts the values of one table that the format cannot express and that were therefore exported in another form.
///
/// The server's exports hold times as seconds that Python's `datetime` can represent (years 1 to 9999), and JSON
/// numbers. One instance belongs to one thread.
final class ChangedValues {
  /// The counts by the key's position in the row and the kind of change.
  private var counts: [Int: Int64] = [:]

  func note(_ change: ValueChange, at key: Int) {
    counts[key * ValueChange.allCases.count + change.rawValue, default: 0] += 1
  }

  /// Returns the changes that were counted for the encoder's table; empty for nearly every organization.
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
  /// Returns the changes with one entry for each column and reason.
  func summed() -> [Manifest.Changed] {
    reduce(into: []) { sums, entry in
      let same = sums.firstIndex {
        $0.table == entry.table && $0.column == entry.column && $0.reason == entry.reason
      }
      if let same { sums[same].count += entry.count } else { sums.append(entry) }
    }
  }
}
