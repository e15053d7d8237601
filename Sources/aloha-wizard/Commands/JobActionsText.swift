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
    let undoObstacle = status.undoObstacleNow()
    let lines = actions.map { action, word, title in
      let obstacle = action == .undo ? undoObstacle : status.obstacles[action]
      return obstacle.map { "  \(title): not possible, \(SafeText.clean($0, limit: .path))\n" }
        ?? "  \(title): \(job.command(word))\n"
    }
    return "\nActions:\n" + lines.joined()
  }
}
