import Common

/// Deletes the file that an operation has made, as a part of its undo. A missing file is no error; one that is not known
/// to be that of the operation is left alone, because it can be another one that has taken its place.
package struct RemoveFile: UndoStep {
  private let path: String
  private let recordFolder: String?

  private enum State {
    case gone
    /// The resolved path of the file that the operation has made.
    case ours(String)
    /// Why it is left alone.
    case foreign(String)
  }

  private enum Phase: String, OperationPhase {
    case archive

    var title: String { "Delete the archive" }
  }

  /// - Parameter context: the job that has made the file, see ``Progress/made(_:)``.
  package init(_ path: String, _ context: UndoContext) {
    self.path = path
    recordFolder = context.recordFolder
  }

  private var state: State {
    guard let made = recordFolder.flatMap({ MadeFile.recorded(in: $0) }) else {
      return FileSystem.lexists(path)
        ? .foreign("nothing says whether it is still the one that the job has made") : .gone
    }
    guard FileSystem.lexists(made.path) else { return .gone }
    return made.isUnchanged
      ? .ours(made.path) : .foreign("it is not the one that the job has made, or has changed since")
  }

  package var nothingLeft: String? {
    switch state {
    case .gone: "\(path) does not exist any more"
    case .ours: nil
    case .foreign(let reason): "\(path) is left alone: \(reason)"
    }
  }

  package func check() throws -> [Finding] {
    switch state {
    case .gone: [Finding(.ok, "archive", "\(path) is already deleted")]
    case .ours(let real): [Finding(.ok, "archive", "\(real) will be deleted")]
    case .foreign(let reason):
      [
        Finding(
          .warning, "archive", "\(path) is left alone: \(reason)",
          remedy: "look at it, and delete it yourself if you do not need it: rm \(ShellWord.quoted(path))")
      ]
    }
  }

  package func plan() throws -> Plan {
    guard case .ours(let real) = state else {
      return Plan(title: "Leave \(path) alone", phases: [Plan.Phase(Phase.archive)])
    }
    return Plan(title: "Remove \(real)", phases: [Plan.Phase(Phase.archive)], destroys: [real])
  }

  package func run(progress: Progress) throws -> Summary {
    try progress.phase(Phase.archive) { _ in
      switch state {
      case .gone: return Summary(title: "\(path) was already deleted")
      case .ours(let real):
        try FileSystem.removeTree(real)
        return Summary(title: "\(real) is deleted")
      case .foreign(let reason):
        progress.warn("\(path) is left alone: \(reason)")
        return Summary(title: "\(path) is left alone")
      }
    }
  }
}
