extension Goal {
  /// All that the wizard can do, in the order of the menu.
  static let all: [Goal] = [
    .move, .toCloud, .fromCloud, .export, .import, .cleanUp, .settings, .organizations, .passwordResets, .backUp,
    .restore,
    .rehearse, .server, .inspect, .jobs,
  ]

  /// Flows that are come to from others only.
  static let hidden: [Goal] = [.watch, .undoSettings, .nightly, .prune]

  static func named(_ id: String) -> Goal? { (all + hidden).first { $0.id == id } }
}
