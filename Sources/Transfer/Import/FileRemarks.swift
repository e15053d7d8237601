import Common

/// Problems with the file records of an archive: counted by kind, with the first names of each. Files that are listed
/// but missing are reported by ``ContentFindings`` instead.
struct FileRemarks {
  enum Kind: CaseIterable {
    case withoutPath, claimedTwice, unusableName, ofNobody
  }

  /// The maximum number of names shown for one kind.
  private static let shown = 5

  private var names: [Kind: [String]] = [:]
  private var counts: [Kind: Int64] = [:]

  mutating func add(_ kind: Kind, _ name: String) {
    counts[kind, default: 0] += 1
    if names[kind, default: []].count < Self.shown {
      names[kind, default: []].append(SafeText.clean(name, limit: .line))
    }
  }

  /// One sentence for each kind that occurred.
  var sentences: [String] {
    Kind.allCases.flatMap { kind -> [String] in
      guard let count = counts[kind], let names = names[kind] else { return [] }
      let more = count > Int64(names.count) ? " and \(Amount.count(count - Int64(names.count))) more" : ""
      return ["\(Self.text(kind, count)): \(names.joined(separator: ", "))\(more)"]
    }
  }

  private static func text(_ kind: Kind, _ count: Int64) -> String {
    switch kind {
    case .withoutPath: "\(Amount.of(count, "file record")) without a path ignored"
    case .claimedTwice: "\(Amount.of(count, "file record")) ignored, as an earlier record has the same path"
    case .unusableName: "\(Amount.of(count, "picture")) left out, as no file can have such a name"
    case .ofNobody: "\(Amount.of(count, "picture")) left out, of users who are not in the archive"
    }
  }
}
