extension Goal {
  /// The goals of the menu, in order.
  static let all: [Goal] = [
    .move, .toCloud, .fromCloud, .export, .import, .cleanUp, .settings, .organizations, .passwordResets, .backUp,
    .restore, .rehearse, .server, .inspect, .jobs,
  ]

  /// Goals that follow others, and can be opened by name.
  static let further: [Goal] = [.nightly, .prune, .undoSettings, .leftovers]

  /// All goals that can be opened by name.
  static let byName = all + further

  /// Returns the words by which the goal is found.
  var search: WordSearch {
    WordSearch(
      title: title, aliases: aliases + [id], summary: summary,
      isFurther: Self.further.contains { $0.id == id })
  }

  /// Returns the goals that a word can mean: one if it is unambiguous, none if no goal has that word.
  static func meant(_ word: String) -> [Goal] {
    WordSearch.meant(word, in: byName.map(\.search)).map { byName[$0] }
  }

  /// - Returns: also goals that only other flows can open.
  static func named(_ id: String) -> Goal? { (byName + [.watch]).first { $0.id == id } }
}
