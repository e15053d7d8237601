import Common
import Engine

extension Plan {
  /// What goes, in so many lines as somebody reads before a decision; the rest is counted.
  var shortDestroys: [String] {
    let most = 10
    guard destroys.count > most + 1 else { return destroys }
    return Array(destroys.prefix(most)) + [
      "and \(destroys.count - most) more, each shown by the command with --dry-run"
    ]
  }
}
