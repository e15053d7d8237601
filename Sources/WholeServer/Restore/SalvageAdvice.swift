import Archive
import Common

/// The remedies for a damaged backup.
enum SalvageAdvice {
  /// Returns the failure with a remedy that leads to the undamaged parts of the backup.
  ///
  /// - Parameter root: the root of the server that it would be restored on.
  static func adding(
    to failure: any Failure, of archive: String, _ options: RestoreOptions, root: String
  ) -> PlainFailure {
    var remedy = "use another backup"
    if !options.salvages {
      let key = options.identity.map { ["--identity", $0] } ?? []
      let command = Program.command(["restore", "--salvage", archive] + key, root: root)
      remedy += ". If there is none, this restores the undamaged parts and lists the rest: \(command)"
    }
    return PlainFailure(failure.family, failure.subject, failure.reason, remedy: remedy)
  }
}
