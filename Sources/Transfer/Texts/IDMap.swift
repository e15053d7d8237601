/// Maps the ids of an archive to those of the target server, for one table.
struct IDMap: Sendable {
  /// The ascending old ids with their new ones, used if the old ids are sparse.
  private var old: [Int64] = []
  private var new: [Int64] = []
  /// The new ids as one array from `lowest` on, used if the old ids are dense; 0 means none.
  private var dense: [Int64] = []
  private var lowest: Int64 = 0

  init() {}

  /// - Parameters:
  ///   - old: the ids of the archive, in any order, without duplicates.
  ///   - new: the new ids in the same order; none is 0.
  init(old: [Int64], new: [Int64]) {
    precondition(old.count == new.count)
    guard let minimum = old.min(), let maximum = old.max() else { return }
    // For four times the space, a look-up is one memory access instead of seventeen.
    if minimum >= 0, maximum < Int64.max, maximum - minimum < Int64(old.count) * 4 + 64 {
      lowest = minimum
      dense = Array(repeating: 0, count: Int(maximum - minimum) + 1)
      for (index, id) in old.enumerated() { dense[Int(id - minimum)] = new[index] }
    } else {
      let order = old.indices.sorted { old[$0] < old[$1] }
      self.old = order.map { old[$0] }
      self.new = order.map { new[$0] }
    }
  }

  /// Returns the new id; nil if the archive has no such row.
  subscript(_ id: Int64) -> Int64? {
    if !dense.isEmpty {
      guard id >= lowest, id < lowest + Int64(dense.count) else { return nil }
      let mapped = dense[Int(id - lowest)]
      return mapped == 0 ? nil : mapped
    }
    var low = 0
    var high = old.count
    while low < high {
      let middle = (low + high) / 2
      if old[middle] < id { low = middle + 1 } else { high = middle }
    }
    return low < old.count && old[low] == id ? new[low] : nil
  }

  var count: Int { dense.isEmpty ? old.count : dense.reduce(0) { $0 + ($1 == 0 ? 0 : 1) } }

  /// The range from the lowest to the highest new id; nil if there is none.
  var newRange: ClosedRange<Int64>? {
    let ids = pairs.map(\.new)
    guard let lowest = ids.min(), let highest = ids.max() else { return nil }
    return lowest...highest
  }

  /// Whether any row got a new id.
  var renumbers: Bool {
    pairs.contains { $0.old != $0.new }
  }

  /// All pairs, ascending by the old id.
  var pairs: [(old: Int64, new: Int64)] {
    if dense.isEmpty { return zip(old, new).map { ($0, $1) } }
    return dense.enumerated().compactMap { $1 == 0 ? nil : (Int64($0) + lowest, $1) }
  }
}
