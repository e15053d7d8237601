/// Finds rows by the words that an operator may use for them: titles, other names, and what is said about them.
///
/// Each word of a query has to be the beginning of one of a row's words; case, accents and punctuation do not matter.
struct WordSearch: Sendable, Equatable {
  /// How a row matches, the best first.
  enum Rank: Int, Sendable, Comparable {
    /// All words are in the title.
    case title
    /// Some words are only in other names.
    case alias
    /// As ``title`` and ``alias``, for a row that is not listed without a search.
    case furtherTitle, furtherAlias
    /// Some words are only in what is said about it.
    case summary

    static func < (left: Rank, right: Rank) -> Bool { left.rawValue < right.rawValue }
  }

  struct Match: Sendable, Equatable {
    let rank: Rank
    /// The other name that explains the match; nil if the title and the summary do.
    let alias: String?
  }

  private let title: [String]
  private let aliases: [(name: String, words: [String])]
  private let summary: [String]
  private let isFurther: Bool

  static func == (left: WordSearch, right: WordSearch) -> Bool {
    left.title == right.title && left.summary == right.summary && left.isFurther == right.isFurther
      && left.aliases.map(\.name) == right.aliases.map(\.name)
  }

  init(title: String, aliases: [String], summary: String = "", isFurther: Bool = false) {
    self.title = Self.words(title)
    self.aliases = aliases.map { ($0, Self.words($0)) }
    self.summary = Self.words(summary)
    self.isFurther = isFurther
  }

  /// Returns how the row matches the words of a query, see ``words(_:)``; nil if it does not, or without words.
  func match(_ query: [String]) -> Match? {
    guard !query.isEmpty else { return nil }
    let inTitle = query.filter { Self.has($0, title) }
    if inTitle.count == query.count { return Match(rank: isFurther ? .furtherTitle : .title, alias: nil) }
    let named = aliases.flatMap(\.words)
    let isAlias = query.allSatisfy { Self.has($0, title) || Self.has($0, named) }
    guard isAlias || query.allSatisfy({ Self.has($0, title) || Self.has($0, named) || Self.has($0, summary) }) else {
      return nil
    }
    let unseen = query.filter { !Self.has($0, title) && !Self.has($0, summary) }
    let alias = unseen.isEmpty ? nil : aliases.first { alias in unseen.contains { Self.has($0, alias.words) } }?.name
    return Match(rank: isAlias ? (isFurther ? .furtherAlias : .alias) : .summary, alias: alias)
  }

  private static func has(_ beginning: String, _ words: [String]) -> Bool {
    words.contains { $0.utf8.starts(with: beginning.utf8) }
  }

  /// Returns the folded words of a text.
  static func words(_ text: String) -> [String] {
    folded(text).split { !$0.isLetter && !$0.isNumber }.map(String.init)
  }

  /// Returns a text for comparisons: lower case, without accents.
  static func folded(_ text: String) -> String {
    let lower = text.lowercased()
    guard lower.unicodeScalars.contains(where: { !$0.isASCII }) else { return lower }
    var folded = String.UnicodeScalarView()
    for scalar in lower.unicodeScalars where scalar.properties.generalCategory != .nonspacingMark {
      folded.append(base(of: scalar))
    }
    return String(folded)
  }

  /// Returns "e" for "é": Unicode's name of the letter says which one it is.
  private static func base(of scalar: Unicode.Scalar) -> Unicode.Scalar {
    let start = "LATIN SMALL LETTER "
    guard !scalar.isASCII, let name = scalar.properties.name, name.hasPrefix(start), name.contains(" WITH ") else {
      return scalar
    }
    let letter = name.dropFirst(start.count).prefix { $0 != " " }
    guard letter.count == 1, let base = letter.lowercased().unicodeScalars.first else { return scalar }
    return base
  }
}

extension WordSearch {
  /// Returns the positions of the matching rows, the best first, in their order within a rank.
  static func places(_ query: String, in rows: [WordSearch]) -> [(place: Int, match: Match)] {
    let words = words(query)
    return rows.enumerated().compactMap { place, row in row.match(words).map { (place, $0) } }
      .sorted { ($0.match.rank, $0.place) < ($1.match.rank, $1.place) }
  }

  /// Returns the positions that a query means: the only one of the best rank, or all candidates if there are several.
  static func meant(_ query: String, in rows: [WordSearch]) -> [Int] {
    let places = places(query, in: rows)
    return places.filter { $0.match.rank == places.first?.match.rank }.map(\.place)
  }
}
