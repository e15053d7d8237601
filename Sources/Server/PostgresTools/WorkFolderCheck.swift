import Common
import Glibc
import Operations

/// Explains why a folder cannot be used for the dump of an operation.
package enum WorkFolderCheck {
  /// Returns a blocker with the cause, after no usable folder was found.
  ///
  /// - Parameters:
  ///   - named: the folder that the operator has named with `--work-folder`; nil for the default places.
  ///   - user: the system user who has to enter each folder of the path; nil for the current user.
  package static func missing(named: String?, for user: String?) -> Finding {
    let who = user.map { "the user \($0), who reads and writes the dump," } ?? "this user"
    guard let named else {
      return Finding(
        .blocker, "work folder",
        "\(who) can use none of the usual folders (\(ScratchFolder.places.joined(separator: ", ")))",
        remedy: "name one with --work-folder: every folder on the way must be open to that user (chmod o+x)")
    }
    let folder = SafeText.clean(named, limit: .path)
    guard FileSystem.exists(named) else {
      return Finding(
        .blocker, "work folder", "there is no folder \(folder)",
        remedy: "make it, or name another one with --work-folder")
    }
    guard FileSystem.isFolder(named) else {
      return Finding(
        .blocker, "work folder", "\(folder) is a file, not a folder", remedy: "name a folder with --work-folder")
    }
    guard access(named, W_OK) == 0 else {
      return Finding(
        .blocker, "work folder", "\(folder) cannot be written", remedy: "name another one with --work-folder")
    }
    let obstacle = SafeText.clean(ScratchFolder.obstacle(to: named, user: user) ?? named, limit: .path)
    return Finding(
      .blocker, "work folder", "\(who) cannot enter \(obstacle)",
      remedy: "open it: chmod o+x \(ShellWord.quoted(obstacle)), or name another folder with --work-folder")
  }
}
