import Common
import Glibc

extension FlowSession {
  /// The answers as a file for `--answers`.
  var answersText: String { AnswersText.file(flow, answers) }

  /// The equivalent commands as a script, which stops at the first failure.
  var commandsText: String {
    let heading = SafeText.clean(flow.title, limit: .line)
    return (["#!/bin/sh", "# \(heading)", "set -e"] + flow.commands(answers)).map { "\($0)\n" }.joined()
  }
}

/// Files that the operator asks for in a review: in the working directory, with an unused name, for their owner only.
enum SavedFile {
  /// Returns the task that writes the answers.
  static func answers(_ session: FlowSession) -> BackgroundTask {
    // Even looking for an unused name can block, on a file system that does not respond.
    task { save(session.answersText, to: unused("aloha-\(session.flow.id)-answers", ".toml")) }
  }

  /// Returns the task that writes the equivalent commands.
  static func commands(_ session: FlowSession) -> BackgroundTask {
    task {
      save(
        session.commandsText, to: unused("aloha-\(session.flow.id)-commands", ".sh"), what: "The commands", mode: 0o700,
        remark: "")
    }
  }

  private static func task(_ save: @escaping @Sendable () -> String) -> BackgroundTask {
    BackgroundTask(ticket: 0, cancellation: Cancellation(), work: .save(save))
  }

  /// Returns the path of an unused name.
  static func unused(_ name: String, _ ending: String) -> String {
    for number in 1...99 {
      let path = FileSystem.absolute("\(name)\(number == 1 ? "" : "-\(number)")\(ending)")
      if !FileSystem.exists(path) { return path }
    }
    return FileSystem.absolute("\(name)-\(RandomText.alphanumeric(8))\(ending)")
  }

  /// Writes a file without overwriting.
  ///
  /// - Returns: the outcome as a sentence.
  static func save(
    _ text: String, to path: String, what: String = "The answers", mode: mode_t = 0o600,
    remark: String = "without secrets "
  ) -> String {
    do {
      guard !FileSystem.exists(path) else {
        throw PlainFailure(.conflict, path, "there is a file of that name already")
      }
      try FileSystem.replace(path, with: text.utf8, mode: mode)
      return "Saved \(remark)in \(SafeText.clean(path, limit: .line))."
    } catch {
      let trouble = Trouble(error)
      return "\(what) could not be saved. \(trouble.subject): \(trouble.reason)"
    }
  }
}
