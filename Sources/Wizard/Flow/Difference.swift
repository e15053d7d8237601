import Common

/// The changes of texts, line by line, shown before they are made.
struct Difference: Sendable, Equatable {
  struct Line: Sendable, Equatable {
    enum Kind: Sendable {
      /// The name of the changed object.
      case name
      /// The position: "line 12".
      case place
      case same, added, removed
    }

    let kind: Kind
    let text: String
  }

  private(set) var lines: [Line] = []

  /// Creates a difference without changes.
  init() {}

  /// Parses diffs.
  ///
  /// - Parameters:
  ///   - unified: the output of ``Engine/UnifiedDiff``, also several in sequence.
  ///   - secrets: values that must be hidden, in addition to those that the producer knows.
  init(unified: [String], hiding secrets: [Secret]) {
    let hidden = secrets.map { $0.reveal() }.filter { !$0.isEmpty }.sorted { $0.utf8.count > $1.utf8.count }
    var body = Body()
    for (index, line) in unified.enumerated() {
      let isHead =
        !body.isOpen && line.hasPrefix("--- ") && unified.dropFirst(index + 1).first?.hasPrefix("+++ ") == true
      guard !isHead else { continue }
      let read = body.isOpen ? Self.ofBody(line) : Self.read(line)
      if read.kind == .place { body = Body(line) }
      body.take(read.kind)
      let text = read.kind == .place ? "line \(body.start)" : read.text
      lines.append(Line(kind: read.kind, text: Self.clean(text, hidden)))
    }
  }

  /// The remaining lines of a hunk "@@ -10,4 +12,5 @@": within it, "--- x" is a removed line that starts with two
  /// dashes, and not a file header.
  private struct Body {
    private var old = 0
    private var new = 0
    private(set) var start = 0

    init() {}

    init(_ place: String) {
      let words = place.split(separator: " ")
      guard words.count > 2 else { return }
      let numbers = words[1...2].map { $0.dropFirst().split(separator: ",").compactMap { Int($0) } }
      old = numbers[0].count > 1 ? numbers[0][1] : 1
      new = numbers[1].count > 1 ? numbers[1][1] : 1
      start = numbers[1].first ?? 0
    }

    var isOpen: Bool { old > 0 || new > 0 }

    mutating func take(_ kind: Line.Kind) {
      if kind == .same || kind == .removed { old -= 1 }
      if kind == .same || kind == .added { new -= 1 }
    }
  }

  var isEmpty: Bool { lines.isEmpty }

  private static func read(_ line: String) -> Line {
    if line.hasPrefix("+++ ") { return Line(kind: .name, text: String(line.dropFirst(4))) }
    if line.hasPrefix("@@ ") { return Line(kind: .place, text: line) }
    return ofBody(line)
  }

  private static func ofBody(_ line: String) -> Line {
    let kind: Line.Kind = line.hasPrefix("+") ? .added : line.hasPrefix("-") ? .removed : .same
    return Line(kind: kind, text: String(line.dropFirst()))
  }

  private static func clean(_ text: String, _ hidden: [String]) -> String {
    let whole = hidden.reduce(text) { text, secret in
      text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "(hidden)")
    }
    // A tab is shown with the width of most editors.
    return SafeText.clean(whole.split(separator: "\t", omittingEmptySubsequences: false).joined(separator: "    "))
  }
}
