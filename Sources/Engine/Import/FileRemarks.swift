import Common

/// What was not as it should be with the files that an archive lists: counted by kind, the first of each named. Files
/// that it lists and does not have are among its ``ContentFindings``.
struct FileRemarks {
  enum Kind: CaseIterable {
    case withoutPath, claimedTwice, unusableName, ofNobody
  }

  /// How many names of one kind are told.
  private static let shown = 5

  private var names: [Kind: [String]] = [:]
  private var counts: [Kind: Int64] = [:]

  mutating func add(_ kind: Kind, _ name: String) {
    counts[kind, default: 0] += 1
    if names[kind, default: []].count < Self.shown { names[kind, default: []].append(SafeText.clean(name, limit: 200)) }
  }

  /// One sentence a kind.
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
