import Common

extension FlowSession {
  /// The default file for answers: in the working directory, with an unused name.
  var answersPath: String {
    for number in 1...99 {
      let name = "aloha-\(flow.id)-answers\(number == 1 ? "" : "-\(number)").toml"
      let path = FileSystem.absolute(name)
      if !FileSystem.exists(path) { return path }
    }
    return FileSystem.absolute("aloha-\(flow.id)-answers-\(RandomText.alphanumeric(8)).toml")
  }

  var answersText: String { AnswersText.file(flow, answers) }
}

enum SavedAnswers {
  /// Returns the task that writes the answers to the default file.
  static func task(_ session: FlowSession) -> BackgroundTask {
    // Even looking for an unused name can block, on a file system that does not respond.
    BackgroundTask(
      ticket: 0, cancellation: Cancellation(),
      work: .save { save(session.answersText, to: session.answersPath) })
  }

  /// Writes the file, for its owner only, without overwriting.
  ///
  /// - Returns: the outcome as a sentence.
  static func save(_ text: String, to path: String) -> String {
    do {
      guard !FileSystem.exists(path) else {
        throw PlainFailure(.conflict, path, "there is a file of that name already")
      }
      try FileSystem.replace(path, with: text.utf8)
      return "Saved without secrets in \(SafeText.clean(path, limit: .line))."
    } catch {
      let trouble = Trouble(error)
      return "The answers could not be saved. \(trouble.subject): \(trouble.reason)"
    }
  }
}
