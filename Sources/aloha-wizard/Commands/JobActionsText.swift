import Common
import Engine

/// The commands for a job that has ended, and the reasons why others are not possible.
enum JobActionsText {
  private static let actions: [(action: JobStatus.Action, word: String, title: String)] = [
    (.resume, "resume", "Run it again"), (.undo, "undo", "Undo it"), (.setAside, "dismiss", "Dismiss it"),
  ]

  /// Queries the server.
  static func of(_ status: JobStatus) -> String {
    let job = JobFolder(status.folder)
    var status = status
    status.obstacles[.undo] = status.undoObstacleNow()
    let lines = actions.compactMap { action, word, title -> String? in
      guard status.obstacles[action] != nil else { return "  \(title): \(job.command(word))\n" }
      return status.expectedObstacle(action).map {
        "  \(title): not possible, \(SafeText.clean($0, limit: .path))\n"
      }
    }
    return lines.isEmpty ? "" : "\nActions:\n" + lines.joined()
  }
}
