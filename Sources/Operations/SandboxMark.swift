import Common
import Glibc

/// The file by which the root folder of a throw-away server is recognized, whatever the folder's name.
///
/// The program's own sandbox writes it when it makes a server (`demo`, tests). The machine's own server, `/`, is never a
/// throw-away server, even if such a file was copied there.
public enum SandboxMark {
  private static let name = ".aloha-throw-away-server"
  private static let text = "A throw-away server of aloha-wizard. Its data may be lost at any time.\n"

  /// Marks a root folder.
  public static func write(below root: String) throws {
    try FileSystem.replace("\(RootFolder(root).prefix)/\(name)", with: Array(text.utf8), mode: 0o644)
  }

  /// Returns whether the root folder is that of a throw-away server.
  public static func isThere(below root: String) -> Bool {
    let folder = RootFolder(root)
    guard !folder.isMachine else { return false }
    let path = "\(folder.path)/\(name)"
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    return (try? FileSystem.read(path, limit: 1024)).map { $0.elementsEqual(text.utf8) } ?? false
  }
}
