import Common
import Operations

/// The problems in an archive's content: all are counted, the first of each kind are listed.
///
/// A problem makes the archive unusable: it is refused before anything changes. A repair is a change or an omission
/// that the import makes so that the rest can be used. A warning concerns something that is imported unchanged.
package struct ContentFindings: Sendable {
  /// The number listed for each subject; the rest is only counted.
  private static let shown = 10

  package private(set) var problems: [String] = []
  package private(set) var warnings: [String] = []
  private var counts: [String: (problems: Int, warnings: Int)] = [:]
  private var repairs: [Repair: Int] = [:]

  private struct Repair: Hashable {
    let subject: String
    let text: RepairText
  }

  /// The effect on the rows, as texts for one and for many.
  struct RepairText: Hashable, Sendable {
    let one: String
    let many: String
  }

  package var problemCount: Int { counts.values.reduce(0) { $0 + $1.problems } }

  mutating func problem(_ subject: String, _ text: String) {
    counts[subject, default: (0, 0)].problems += 1
    if counts[subject]?.problems ?? 0 <= Self.shown {
      problems.append("\(SafeText.clean(subject, limit: .title)): \(SafeText.clean(text, limit: 400))")
    }
  }

  mutating func warning(_ subject: String, _ text: String) {
    counts[subject, default: (0, 0)].warnings += 1
    if counts[subject]?.warnings ?? 0 <= Self.shown {
      warnings.append("\(SafeText.clean(subject, limit: .title)): \(SafeText.clean(text, limit: 400))")
    }
  }

  /// Counts rows that an import changes or omits.
  mutating func repair(_ subject: String, _ text: RepairText, count: Int = 1) {
    repairs[Repair(subject: subject, text: text), default: 0] += count
  }

  /// Adds a line for each kind of repair, and lines such as "files: and 3 more" for what was only counted.
  mutating func close() {
    let lines = repairs.map { repair, count in
      let text = "\(Amount.of(Int64(count), repair.text.one, repair.text.many))"
      return "\(SafeText.clean(repair.subject, limit: .title)): \(SafeText.clean(text, limit: 400))"
    }
    warnings = lines.sorted() + warnings
    repairs = [:]
    for (subject, count) in counts.sorted(by: { $0.key < $1.key }) {
      if count.problems > Self.shown { problems.append("\(subject): and \(count.problems - Self.shown) more") }
      if count.warnings > Self.shown { warnings.append("\(subject): and \(count.warnings - Self.shown) more") }
    }
  }

  /// Refuses an archive that has problems, with the first of them.
  ///
  /// - Parameters:
  ///   - version: the difference of versions, if the rows were judged by the tables of a server of another version.
  ///   - known: judges the archive by what all known versions accept: rows that merely do not fit another version are no
  ///     damage, then the versions are the reason.
  /// - Throws: `.damagedArchive` if there is a problem; ``Blocked`` if the version is the reason and not ignored.
  package func refuse(
    _ archive: String, version: Finding? = nil, known: () throws -> ContentFindings = { ContentFindings() }
  ) throws {
    guard problemCount > 0 else { return }
    if let version, version.severity == .blocker {
      try known().refuse(archive)
      throw Blocked([version])
    }
    let again = "make the archive again, or copy it again from where it was made"
    throw PlainFailure(
      .damagedArchive, SafeText.clean(archive),
      "\(Amount.of(Int64(problemCount), "problem")): \(problems.prefix(3).joined(separator: "; "))",
      remedy: version?.severity == .warning
        ? "bring both servers to the same version first, because their difference may be the reason; or \(again)"
        : again)
  }
}
