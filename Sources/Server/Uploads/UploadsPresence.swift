import Common
import Glibc
import Operations
import Postgres

/// The state of a server's uploads folder: the one rule of all operations that read or write uploads.
///
/// A folder on a disk that is not mounted is missing, a dangling link, or an empty mount point. Reading it would lose
/// files in silence; writing below an empty mount point hides the files once the disk is mounted.
public enum UploadsPresence: Sendable, Equatable {
  /// In S3.
  case elsewhere
  case there
  /// It does not exist yet, the database names no files, and the server creates it with the first uploaded file.
  case notYet
  /// It is missing or empty, although the database names files; or it is not a folder.
  case missing(String)

  /// Determines the state.
  ///
  /// - Parameters:
  ///   - connection: nil: the database cannot be asked; then a missing folder counts as missing, an empty one as there.
  ///   - isReplaced: whether the operation replaces uploads and database together, as a restore does: then the folder
  ///     may be empty or not exist yet, whatever the present database names.
  public static func look(
    _ installation: Installation, _ connection: Connection?, isReplaced: Bool = false
  ) throws -> UploadsPresence {
    guard !installation.storesUploadsInS3 else { return .elsewhere }
    let folder = installation.uploadsFolder
    let shown = SafeText.clean(folder, limit: .path)
    guard FileSystem.exists(folder) else {
      // The volume of a new container is empty: a restore makes the folder that the image's link leads to.
      let isMade = isReplaced && Container.find(installation)?.hasVolume == true
      if !isMade, let link = danglingLink(installation) { return .missing(link) }
      guard !isReplaced else { return .notYet }
      let parent = FileSystem.folder(of: folder)
      guard FileSystem.isFolder(parent) else {
        return .missing("there is no folder \(shown), and no folder \(SafeText.clean(parent, limit: .path))")
      }
      guard let connection else { return .missing("there is no folder \(shown)") }
      let named = try files(connection)
      return named == 0
        ? .notYet : .missing("there is no folder \(shown), but the database names \(Amount.of(named, "file"))")
    }
    guard FileSystem.isFolder(folder) else { return .missing("\(shown) is not a folder") }
    for part in ["files", "avatars"] where FileSystem.lexists("\(folder)/\(part)") {
      guard FileSystem.isFolder("\(folder)/\(part)") else {
        return .missing(
          FileSystem.exists("\(folder)/\(part)")
            ? "\(shown)/\(part) is not a folder" : "\(shown)/\(part) is a link to a folder that does not exist")
      }
    }
    guard !isReplaced, let connection else { return .there }
    let named = try attachments(connection)
    guard named > 0, !holdsFile("\(folder)/files") else { return .there }
    return .missing("\(shown)/files is empty, but messages name \(Amount.of(named, "file"))")
  }

  /// Returns the blocker, the warning or the confirmation of a check; nil for files in S3, which each operation reports
  /// itself.
  ///
  /// - Parameters:
  ///   - reason: the reason of the confirmation if the folder is there.
  ///   - alternative: how to do without the files, as the end of the remedy.
  public func finding(_ installation: Installation, _ reason: String, otherwise alternative: String? = nil) -> Finding?
  {
    let folder = SafeText.clean(installation.uploadsFolder, limit: .path)
    switch self {
    case .elsewhere: return nil
    case .there: return Finding(.ok, "uploads", reason)
    case .notYet:
      return Finding(
        .warning, "uploads", "there is no folder \(folder) yet; the server creates it with the first uploaded file",
        remedy: "nothing if no file was ever uploaded here; else correct LOCAL_UPLOADS_DIR in settings.py")
    case .missing(let problem):
      return Finding(
        .blocker, "uploads", problem,
        remedy: "mount the disk or volume with the uploads, or correct LOCAL_UPLOADS_DIR in settings.py"
          + (alternative.map { "; \($0)" } ?? ""))
    }
  }

  /// How an operator says that uploads are lost for good: a folder with a file in it is not an unmounted one.
  ///
  /// - Returns: nil if the path of the folder leads through a file: only correct settings help then.
  public static func giveUp(_ installation: Installation) -> String? {
    // A link to nothing is no obstacle at its target.
    let folder = ServerLink.destination("\(installation.uploadsFolder)/files", root: installation.root)
    var existing = folder
    while !FileSystem.lexists(existing), existing != "/" { existing = FileSystem.folder(of: existing) }
    guard FileSystem.isFolder(existing) else { return nil }
    return "if the files are lost for good, say so with an empty file: "
      + "\(ShellWord.quoted(words: ["mkdir", "-p", folder])) && \(ShellWord.quoted(words: ["touch", "\(folder)/lost"]))"
  }

  // MARK: Parts

  /// Returns the problem if the configured path, or a folder on it, is a link to nothing.
  private static func danglingLink(_ installation: Installation) -> String? {
    var path = installation.configuredUploads
    while path.utf8.count > max(1, installation.root.utf8.count) {
      if FileSystem.linkTarget(path) != nil {
        let target = ServerLink.destination(path, root: installation.root)
        if !FileSystem.exists(target) {
          return "\(SafeText.clean(path, limit: .path)) is a link to \(SafeText.clean(target, limit: .path)), "
            + "which does not exist"
        }
      }
      path = FileSystem.folder(of: path)
    }
    return nil
  }

  private static func attachments(_ connection: Connection) throws -> Int64 {
    try connection.value("SELECT count(*) FROM zerver_attachment").flatMap { Int64($0) } ?? 0
  }

  /// The uploaded files that rows name: of messages, and the pictures of people and organizations.
  private static func files(_ connection: Connection) throws -> Int64 {
    try connection.value(
      """
      SELECT (SELECT count(*) FROM zerver_attachment)
        + (SELECT count(*) FROM zerver_userprofile u WHERE to_jsonb(u) ->> 'avatar_source' = 'U')
        + (SELECT count(*) FROM zerver_realm r WHERE to_jsonb(r) ->> 'icon_source' = 'U')
      """
    ).flatMap { Int64($0) } ?? 0
  }

  /// Returns whether there is a file below a folder; links are followed.
  private static func holdsFile(_ folder: String, depth: Int = 0) -> Bool {
    // Names below a mount point that cannot be listed are there, but unreadable: other checks report that.
    guard depth < 12, FileSystem.isFolder(folder) else { return false }
    guard let names = try? FileSystem.names(in: folder) else { return true }
    var folders: [String] = []
    for name in names where !name.hasPrefix(".aloha-wizard-") && name != "lost+found" {
      let path = "\(folder)/\(name)"
      if FileSystem.isFolder(path) { folders.append(path) } else { return true }
    }
    return folders.contains { holdsFile($0, depth: depth + 1) }
  }
}
