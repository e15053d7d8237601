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

  /// - Returns: also goals that only other flows can open.
  static func named(_ id: String) -> Goal? { (byName + [.watch]).first { $0.id == id } }
}
