extension Goal {
  /// What the menu offers, in its order.
  static let all: [Goal] = [
    .move, .toCloud, .fromCloud, .export, .import, .cleanUp, .settings, .organizations, .passwordResets, .backUp,
    .restore, .rehearse, .server, .inspect, .jobs,
  ]

  /// What follows from one of these, and can be begun with by name besides.
  static let further: [Goal] = [.nightly, .prune, .undoSettings, .leftovers]

  /// All that can be asked for by name.
  static let byName = all + further

  /// - Returns: also what can only be come to.
  static func named(_ id: String) -> Goal? { (byName + [.watch]).first { $0.id == id } }
}
