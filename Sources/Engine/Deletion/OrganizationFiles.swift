import Common
import Glibc

/// Files of an organization that is being deleted: found before its rows go, removed after they are gone.
///
/// Everything is removed through descriptors of folders, name by name, and no symbolic link is followed: nothing outside
/// the uploads folder can be reached, whatever lies in it.
struct OrganizationFiles {
  /// What becomes of the files.
  enum Reach: String, Codable, Sendable {
    case none
    /// The folders that carry the organization's id.
    case organization
    /// All that is in the uploads folder: for a server that hosts nothing else.
    case everything
  }

  struct Amount: Sendable, Equatable {
    var files: Int64 = 0
    var bytes: Int64 = 0
  }

  let uploads: String
  let organization: Int64
  let reach: Reach

  /// What is removed in each part of the uploads: an organization's files are in folders that are named after its id:
  /// messages' files and their thumbnails, avatars with emoji and logos, exports. Nil: all that is in the part.
  private var targets: [(part: String, paths: [String]?)] {
    switch reach {
    case .none: []
    case .organization:
      [
        ("files", ["\(organization)", "thumbnail/\(organization)", "exports/\(organization)"]),
        ("avatars", ["\(organization)", "exports/\(organization)"]),
      ]
    // The folders of all organizations stay: the server's own, with their owner and mode.
    case .everything: [("files", nil), ("avatars", nil)]
    }
  }

  /// How many files there are.
  func measure() throws -> Amount {
    var amount = Amount()
    try visit { amount.add($0) }
    return amount
  }

  /// Removes them. What is gone already is no error.
  ///
  /// - Parameter each: called after each file; what it throws stops the removal.
  func remove(each: () throws -> Void = {}) throws -> Amount {
    var amount = Amount()
    try visit { entry in
      try entry.remove()
      amount.add(entry)
      if !entry.isFolder { try each() }
    }
    return amount
  }

  // MARK: Walking

  /// Every entry of the targets, and the targets themselves; what is in a folder before the folder.
  private func visit(_ body: (FolderTree.Entry) throws -> Void) throws {
    guard reach != .none, FileSystem.exists(uploads) else { return }
    let root = try OpenFolder(uploads)
    for (part, paths) in targets {
      guard let folder = try UploadsFolder.part(part, of: root) else { continue }
      guard let paths else {
        for name in try FolderTree.names(in: folder) { try FolderTree.visit(name, in: folder, body) }
        continue
      }
      for path in paths { try visit(path, in: folder, body) }
    }
  }

  private func visit(_ path: String, in folder: OpenFolder, _ body: (FolderTree.Entry) throws -> Void) throws {
    var parts = path.split(separator: "/").map(String.init)
    guard let name = parts.popLast() else { return }
    var parent = folder
    for part in parts {
      // No such folder, or a link in its place: nothing of the organization is there.
      guard let status = parent.status(part), status.st_mode & S_IFMT == S_IFDIR, let inner = try parent.folder(part)
      else { return }
      parent = inner
    }
    try FolderTree.visit(Array(name.utf8CString), in: parent, body)
  }
}

extension OrganizationFiles.Amount {
  fileprivate mutating func add(_ entry: FolderTree.Entry) {
    guard !entry.isFolder else { return }
    files += 1
    bytes += Int64(entry.status.st_size)
  }
}
