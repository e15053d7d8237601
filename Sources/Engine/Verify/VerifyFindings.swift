import Common

/// What is wrong with an archive: everything is counted, the first of each kind is said.
struct VerifyFindings: Sendable {
  /// Said of each subject before the rest is only counted.
  private static let shown = 10

  private(set) var problems: [String] = []
  private(set) var warnings: [String] = []
  private var counts: [String: (problems: Int, warnings: Int)] = [:]

  var problemCount: Int { counts.values.reduce(0) { $0 + $1.problems } }

  mutating func problem(_ subject: String, _ text: String) {
    counts[subject, default: (0, 0)].problems += 1
    if counts[subject]?.problems ?? 0 <= Self.shown {
      problems.append("\(subject): \(SafeText.clean(text, limit: 400))")
    }
  }

  mutating func warning(_ subject: String, _ text: String) {
    counts[subject, default: (0, 0)].warnings += 1
    if counts[subject]?.warnings ?? 0 <= Self.shown {
      warnings.append("\(subject): \(SafeText.clean(text, limit: 400))")
    }
  }

  /// "files: and 3 more of them", for what was only counted.
  mutating func close() {
    for (subject, count) in counts.sorted(by: { $0.key < $1.key }) {
      if count.problems > Self.shown { problems.append("\(subject): and \(count.problems - Self.shown) more") }
      if count.warnings > Self.shown { warnings.append("\(subject): and \(count.warnings - Self.shown) more") }
    }
  }
}
