/// Finds the name that was probably meant by a mistyped one.
public enum NearestName {
  /// Returns the name that is most similar to `text`; nil if none is similar enough to be proposed.
  ///
  /// Names that begin with the text come first ("clean" for "clean-up"), then those with the fewest letters that are
  /// missing, added, wrong or swapped: at most a third of the text. Upper and lower case are the same.
  public static func of(_ text: String, among names: [String]) -> String? {
    let typed = Array(text.lowercased().unicodeScalars)
    guard (1...longest).contains(typed.count) else { return nil }
    let beginning = names.filter { typed.count >= 2 && $0.lowercased().hasPrefix(text.lowercased()) }
    if let shortest = beginning.min(by: { ($0.count, $0) < ($1.count, $1) }) { return shortest }
    let most = max(1, typed.count / 3)
    let near = names.map { (name: $0, distance: distance(typed, Array($0.lowercased().unicodeScalars))) }
    return near.filter { $0.distance <= most && $0.distance < typed.count }
      .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
  }

  /// Returns "did you mean NAME?"; nil without a similar name.
  public static func question(_ text: String, among names: [String]) -> String? {
    of(text, among: names).map { "did you mean \($0)?" }
  }

  /// Longer texts are no mistyped names.
  private static let longest = 64

  /// Returns the number of letters that are missing, added, wrong, or swapped with their neighbour.
  private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var rows: [[Int]] = [Array(0...right.count)]
    for row in 1..<(left.count + 1) {
      var current = [row]
      for column in 1..<(right.count + 1) {
        let isSame = left[row - 1] == right[column - 1]
        var least = min(
          rows[row - 1][column] + 1, current[column - 1] + 1, rows[row - 1][column - 1] + (isSame ? 0 : 1))
        if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
          least = min(least, rows[row - 2][column - 2] + 1)
        }
        current.append(least)
      }
      rows.append(current)
    }
    return rows[left.count][right.count]
  }
}
