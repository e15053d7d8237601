import Archive
import Common
import Operations

/// Texts about rows that are not in an archive, for before, during and after an export.
extension [Manifest.LeftOut] {
  /// One line for each reason, in the order of their first entries: "2 rows of zerver_message, 1 row of zerver_huddle:
  /// …". Cleaned for a terminal.
  public var lines: [String] { byReason.map(\.line) }

  /// The rows of each reason: the line, and their number.
  fileprivate var byReason: [(line: String, count: Int64)] {
    var reasons: [String] = []
    var entries: [String: [Manifest.LeftOut]] = [:]
    for entry in self {
      if entries[entry.reason] == nil { reasons.append(entry.reason) }
      entries[entry.reason, default: []].append(entry)
    }
    return reasons.map { reason in
      let all = entries[reason] ?? []
      let rows = all.map { "\(Amount.of($0.count, "row")) of \(SafeText.clean($0.table, limit: .label))" }
      let count = all.reduce(Int64(0)) { sum, entry in
        let (next, overflow) = sum.addingReportingOverflow(entry.count)
        return overflow ? .max : next
      }
      return ("\(rows.joined(separator: ", ")): \(SafeText.clean(reason, limit: .path))", count)
    }
  }
}

extension Manifest.Changed {
  /// "2 values of zerver_userprofile.last_login: …", cleaned for a terminal.
  public var text: String {
    """
    \(Amount.of(count, "value")) of \(SafeText.clean(table, limit: .label)).\(SafeText.clean(column, limit: .label)): \
    \(SafeText.clean(reason, limit: .path))
    """
  }
}

extension Manifest {
  /// The rows that the archive lacks and the values that it has in another form, for a summary. At most 100 lines of
  /// each.
  public var notes: [Summary.Fact] {
    leftOut.byReason.prefix(100).map { Summary.Fact("Left out", $0.line, id: .leftOut, amounts: [.rows: $0.count]) }
      + changed.prefix(100).map { Summary.Fact("Changed", $0.text) }
  }
}

extension Completeness.Account {
  private var unexpected: [String] { entries.filter { !$0.isExpected }.map(\.rows).lines }

  /// The findings of a check: a warning for each unexpected omission, one line for all expected ones.
  var findings: [Finding] {
    var findings = unexpected.map { Finding(.warning, "rows", "left out: \($0)") }
    findings += gaps.map { Finding(.warning, "rows", $0.text, remedy: "compare this table with the archive") }
    let expected = entries.filter(\.isExpected)
    guard !expected.isEmpty else {
      return findings.isEmpty ? [Finding(.ok, "rows", "every row of the organization is exported")] : findings
    }
    return findings + [
      Finding(.ok, "rows", "not part of such an export: \(expected.map(\.rows).lines.joined(separator: "; "))")
    ]
  }

  /// Reports the unexpected omissions and the gaps as warnings of a running export.
  func warn(_ progress: Progress) {
    for line in unexpected { progress.warn("Left out: \(line)") }
    for gap in gaps { progress.warn("INCOMPLETE: \(gap.text)") }
  }
}
