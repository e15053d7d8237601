import Common

/// Deletes a file, or a folder with its content, that an operation has created, as a part of its undo. A missing file is
/// no error.
package struct RemoveFile: UndoStep {
  let path: String

  private enum Phase: String, OperationPhase {
    case archive

    var title: String { "Delete the archive" }
  }

  package init(_ path: String) { self.path = path }

  package var nothingLeft: String? { FileSystem.exists(path) ? nil : "\(path) does not exist any more" }

  package func check() throws -> [Finding] {
    [Finding(.ok, "archive", FileSystem.exists(path) ? "\(path) will be deleted" : "\(path) is already deleted")]
  }

  package func plan() throws -> Plan {
    Plan(title: "Remove \(path)", phases: [Plan.Phase(Phase.archive)], destroys: [path])
  }

  package func run(progress: Progress) throws -> Summary {
    try progress.phase(Phase.archive) { _ in try FileSystem.removeTree(path) }
    return Summary(title: "\(path) is deleted")
  }
}
