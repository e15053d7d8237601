/// The difference of two texts as a unified diff: removed lines, added lines, three lines of context.
public enum UnifiedDiff {
  private enum Line {
    case same(String)
    case gone(String)
    case new(String)
  }

  private static let context = 3

  /// Returns the lines of the diff; empty if both texts are equal.
  public static func between(_ old: String, _ new: String, name: String) -> [String] {
    guard old != new else { return [] }
    let before = TextLines(old).lines.map(\.text)
    let after = TextLines(new).lines.map(\.text)
    guard before != after else { return ["--- \(name)", "+++ \(name)", "(only the ends of lines differ)"] }
    let lines = aligned(before, after)
    var keep = [Bool](repeating: false, count: lines.count)
    for (index, line) in lines.enumerated() {
      if case .same = line { continue }
      for near in max(0, index - context)...min(lines.count - 1, index + context) { keep[near] = true }
    }
    var diff = ["--- \(name)", "+++ \(name)"]
    var oldLine = 1
    var newLine = 1
    var index = 0
    while index < lines.count {
      guard keep[index] else {
        oldLine += 1
        newLine += 1
        index += 1
        continue
      }
      let end = keep[index...].firstIndex(of: false) ?? lines.count
      var body: [String] = []
      var counts = (old: 0, new: 0)
      for line in lines[index..<end] {
        switch line {
        case .same(let text):
          body.append(" " + text)
          counts.old += 1
          counts.new += 1
        case .gone(let text):
          body.append("-" + text)
          counts.old += 1
        case .new(let text):
          body.append("+" + text)
          counts.new += 1
        }
      }
      diff.append("@@ -\(oldLine),\(counts.old) +\(newLine),\(counts.new) @@")
      diff += body
      oldLine += counts.old
      newLine += counts.new
      index = end
    }
    return diff
  }

  /// Texts that differ in more lines than this are shown as a complete replacement: computing the difference takes time
  /// and memory that grow with the square of its size.
  private static let mostLines = 2000

  private static func aligned(_ before: [String], _ after: [String]) -> [Line] {
    let shorter = min(before.count, after.count)
    let start = zip(before, after).prefix { $0 == $1 }.count
    let end = zip(before.reversed(), after.reversed()).prefix { $0 == $1 }.count
    let tail = min(end, shorter - start)
    let (old, new) = (before[start..<before.count - tail], after[start..<after.count - tail])
    let middle =
      old.count > mostLines || new.count > mostLines
      ? old.map(Line.gone) + new.map(Line.new) : different(Array(old), Array(new))
    return before[..<start].map(Line.same) + middle + before[(before.count - tail)...].map(Line.same)
  }

  private static func different(_ before: [String], _ after: [String]) -> [Line] {
    let changes = after.difference(from: before)
    var gone: Set<Int> = []
    var come: Set<Int> = []
    for change in changes {
      switch change {
      case .remove(let offset, _, _): gone.insert(offset)
      case .insert(let offset, _, _): come.insert(offset)
      }
    }
    var lines: [Line] = []
    var old = 0
    var new = 0
    while old < before.count || new < after.count {
      if old < before.count, gone.contains(old) {
        lines.append(.gone(before[old]))
        old += 1
      } else if new < after.count, come.contains(new) {
        lines.append(.new(after[new]))
        new += 1
      } else {
        lines.append(.same(before[min(old, before.count - 1)]))
        old += 1
        new += 1
      }
    }
    return lines
  }
}
