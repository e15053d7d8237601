import Common
import Glibc
import Server

/// The files of a deleted organization: listed before its rows are deleted, and removed afterwards.
///
/// Everything is removed through descriptors of folders, name by name, and no symbolic link is followed: nothing
/// outside of the uploads folder can be affected, whatever it contains.
struct OrganizationFiles {
  /// The files to delete.
  enum Reach: String, Codable, Sendable {
    case none
    /// The folders named after the organization's id.
    case organization
    /// Everything in the uploads folder, for a server without other organizations.
    case everything
  }

  struct Amount: Sendable, Equatable {
    var files: Int64 = 0
    var bytes: Int64 = 0
  }

  let uploads: String
  let organization: Int64
  let reach: Reach

  /// The entries to remove in each part of the uploads. An organization's files are in folders named after its id:
  /// files of messages and their thumbnails, avatars with emoji and logos, exports. Nil: everything in the part.
  private var targets: [(part: String, paths: [String]?)] {
    switch reach {
    case .none: []
    case .organization:
      [
        ("files", ["\(organization)", "thumbnail/\(organization)", "exports/\(organization)"]),
        ("avatars", ["\(organization)", "exports/\(organization)"]),
      ]
    // The folders for all organizations stay: they are the server's own, with their owner and mode.
    case .everything: [("files", nil), ("avatars", nil)]
    }
  }

  /// Returns the number and size of the files.
  func measure() throws -> Amount {
    var amount = Amount()
    try visit { amount.add($0) }
    return amount
  }

  /// Removes the files. Missing files are not an error.
  ///
  /// - Parameter each: called after each file; an error that it throws stops the removal.
  func remove(each: () throws -> Void = {}) throws -> Amount {
    var amount = Amount()
    try visit { entry in
      try entry.remove()
      amount.add(entry)
      if !entry.isFolder { try each() }
    }
    return amount
  }

  // MARK: Traversal

  /// Visits each entry of the targets, and the targets themselves; the content of a folder before the folder.
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
      // The folder is missing, or replaced by a link: it contains nothing of the organization.
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
