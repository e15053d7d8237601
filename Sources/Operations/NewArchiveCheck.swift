import Common
import Glibc

/// The check of the path of a new archive, before an export or a backup writes it.
package enum NewArchiveCheck {
  /// Returns OK, or a blocker with the cause: the name is in use, or its folder cannot hold the file.
  package static func finding(_ output: String) -> Finding {
    let elsewhere = "choose another place with --output"
    guard !FileSystem.exists(output) else {
      return Finding(
        .blocker, "archive", "\(output) exists already", remedy: "choose another name with --output", id: .exists)
    }
    let folder = FileSystem.folder(of: output)
    guard FileSystem.isFolder(folder) else {
      return Finding(.blocker, "archive", "there is no folder \(folder)", remedy: "make it, or \(elsewhere)")
    }
    guard FileSystem.storesFiles(folder) else {
      return Finding(
        .blocker, "archive", "\(folder) belongs to a file system of the kernel, which stores no files",
        remedy: elsewhere)
    }
    guard access(folder, W_OK) == 0 else {
      return Finding(
        .blocker, "archive", "\(folder) cannot be written: \(SystemError.text(errno))", remedy: elsewhere)
    }
    return Finding(.ok, "archive", "goes to \(output)")
  }
}
