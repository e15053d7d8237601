import Archive
import Common

/// The remedies for a damaged backup.
enum SalvageAdvice {
  /// Returns the failure with a remedy that leads to the undamaged parts of the backup.
  ///
  /// - Parameter root: the root of the server that it would be restored on.
  static func adding(
    to failure: ArchiveFailure, of archive: String, _ options: RestoreOptions, root: String
  ) -> PlainFailure {
    var remedy = "use another backup"
    if Encryption.isEncrypted(archive) {
      remedy += ". Where there is none: \(decrypting(archive))"
    } else if !options.salvages {
      let command = Program.command(["restore", "--salvage", archive], root: root)
      remedy += ". Where there is none, this brings back what is whole, and names the rest: \(command)"
    }
    return PlainFailure(failure.family, failure.subject, failure.reason, remedy: remedy)
  }

  /// Returns how to decrypt what precedes the first wrong byte, which age outputs.
  static func decrypting(_ archive: String) -> String {
    "let age decrypt what comes before the damage, and restore that with --salvage: "
      + "age -d -i KEYFILE \(ShellWord.quoted(archive)) > PART.tar.gz"
  }
}
