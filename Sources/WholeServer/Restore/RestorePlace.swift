import Common
import Glibc
import Server

/// A folder of the server that a restore replaces: its path, the path beside it where the new one is built, and the
/// path where the old one is kept. All three are on one file system, so that the exchange is a rename.
///
/// A mount point cannot be renamed: there, the contents of the folder are exchanged. A symbolic link at the top of a
/// folder stays a link: its target, a folder or a single file, is a place of its own.
package struct RestorePlace: Sendable, Codable, Equatable {
  /// The part of the backup for this place: "settings", "uploads", "uploads/files".
  let part: String
  /// The path with all links resolved.
  package let live: String
  package let exchangesContents: Bool
  /// Names at the top of the folder that are not moved: they are mount points with places of their own.
  var staying: [String] = []
  /// Links at the top of the folder to places of their own; they are created again in the new folder.
  var links: [Link] = []
  /// True for a single file that a link at the top of a folder refers to. Nil in records of earlier versions.
  private(set) var isFile: Bool?
  /// Files at the top of the folder that cannot be replaced: they are mounted from outside. Nil in records of earlier
  /// versions.
  private(set) var fixed: [String]?
  package let side: String
  package let before: String

  struct Link: Sendable, Codable, Equatable {
    let name: String
    let target: String
  }

  private init(part: String, live: String, exchangesContents: Bool, isFile: Bool? = nil, id: String) {
    self.part = part
    self.live = live
    self.exchangesContents = exchangesContents
    self.isFile = isFile
    side = exchangesContents ? "\(live)/.aloha-wizard-restore-\(id)" : "\(live).restore-\(id)"
    before = exchangesContents ? "\(live)/.aloha-wizard-before-\(id)" : "\(live).before-\(id)"
  }

  // MARK: Search

  /// Returns the place of a folder, and those of folders and files at its top that are links or mount points. A missing
  /// folder has a place if its parents exist.
  ///
  /// - Parameter root: the root of the server, relative to which links are resolved.
  package static func find(
    _ folder: String, part: String, id: String, root: String = "", mounts: Set<String> = MountTable.points()
  ) -> [RestorePlace] {
    let live = resolved(ServerLink.destination(folder, root: root))
    var others: [RestorePlace] = []
    var links: [Link] = []
    var staying: [String] = []
    var fixed: [String] = []
    for name in (try? FileSystem.names(in: live)) ?? [] {
      let path = "\(live)/\(name)"
      let isFolder = FileSystem.isFolder(path)
      if mounts.contains(path) {
        staying.append(name)
        if isFolder {
          others.append(RestorePlace(part: "\(part)/\(name)", live: path, exchangesContents: true, id: id))
        } else {
          fixed.append(name)
        }
      } else if let target = FileSystem.linkTarget(path) {
        let real = resolved(ServerLink.destination(path, root: root))
        // The target of a link within the folder moves with the folder.
        if real.hasPrefix(live + "/") {
          let link = Link(name: name, target: target)
          if !isFolder, inside(link, live: live) != nil { links.append(link) }
          continue
        }
        guard isFolder || FileSystem.isFolder(FileSystem.folder(of: real)) else { continue }
        links.append(Link(name: name, target: target))
        if !isFolder && mounts.contains(real) {
          fixed.append(name)
          continue
        }
        others.append(
          RestorePlace(
            part: "\(part)/\(name)", live: real, exchangesContents: isFolder && mounts.contains(real),
            isFile: isFolder ? nil : true, id: id))
      }
    }
    var place = RestorePlace(
      part: part, live: live, exchangesContents: mounts.contains(live) || !staying.isEmpty, id: id)
    place.links = links
    place.staying = staying
    place.fixed = fixed.isEmpty ? nil : fixed
    return [place] + others
  }

  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  // MARK: Preparation

  /// The folder in which entries are created and renamed.
  package var parent: String { exchangesContents ? live : FileSystem.folder(of: live) }

  /// Gives the unpacked files the owner and the permissions of the folder that they replace, creates its links, and
  /// syncs the file system.
  ///
  /// - Parameter fallback: the owner if that folder does not exist; nil keeps the current user.
  func dress(fallback: (uid: uid_t, gid: gid_t)?) throws {
    guard isFile != true else { return }
    var old = stat()
    let hasOld = stat(live, &old) == 0
    let owner = hasOld ? (uid: old.st_uid, gid: old.st_gid) : fallback
    let folder = try openSide()
    for link in links {
      if let inside = Self.inside(link, live: live) {
        // The link and its target are one file: the backup may contain it under either name.
        let (own, target) = ("\(side)/\(link.name)", "\(side)/\(inside)")
        if FileSystem.exists(own), rename(own, target) != 0 { continue }
        guard FileSystem.exists(target) else { continue }
      }
      // The archive may contain no entry of that name, or the link's target at the time of the backup.
      try folder.removeTree(link.name)
      guard symlinkat(link.target, folder.descriptor, link.name) == 0 else {
        throw PlainFailure.system("\(side)/\(link.name)", "cannot be made", errno: errno)
      }
    }
    for name in try FolderTree.names(in: folder) {
      try FolderTree.visit(name, in: folder) { try Self.give($0, to: owner) }
    }
    if let owner, geteuid() == 0, fchown(folder.descriptor, owner.uid, owner.gid) != 0 {
      throw PlainFailure.system(side, "cannot be given to its owner", errno: errno)
    }
    // For exchanged contents, the folder itself is temporary and is deleted later.
    let mode = exchangesContents || !hasOld ? 0o755 : old.st_mode & 0o7777
    guard fchmod(folder.descriptor, mode) == 0 else {
      throw PlainFailure.system(side, "cannot be given its permissions", errno: errno)
    }
    guard FileSystem.syncFileSystem(of: folder.descriptor) else {
      throw PlainFailure.system(side, "cannot be written to the disk", errno: errno)
    }
  }

  /// Returns the name of a link's target, if it is in the same folder as the link.
  private static func inside(_ link: Link, live: String) -> String? {
    let target = link.target.hasPrefix(live + "/") ? String(link.target.dropFirst(live.count + 1)) : link.target
    return target.contains("/") || target.isEmpty || target == ".." || target == "." ? nil : target
  }

  /// Takes the new content of a single file from the folder that links to it; if the folder lacks the file, the file on
  /// the server is not changed. The new file gets the owner and the permissions of the one that it replaces.
  func takeFile(from folder: String) throws {
    guard isFile == true, let name = part.split(separator: "/").last else { return }
    let source = "\(folder)/\(name)"
    var new = stat()
    guard lstat(source, &new) == 0, new.st_mode & S_IFMT == S_IFREG else { return }
    var old = stat()
    let hasOld = stat(live, &old) == 0
    try FileSystem.replace(side, with: try FileSystem.read(source), mode: 0o600)
    if geteuid() == 0, hasOld, lchown(side, old.st_uid, old.st_gid) != 0 {
      throw PlainFailure.system(side, "cannot be given to its owner", errno: errno)
    }
    guard chmod(side, (hasOld ? old.st_mode : new.st_mode) & 0o7777) == 0 else {
      throw PlainFailure.system(side, "cannot be given its permissions", errno: errno)
    }
  }

  /// Opens the unpacked folder without following links: its parent may belong to the server's user.
  private func openSide() throws -> OpenFolder {
    guard let slash = side.lastIndex(of: "/") else { return try OpenFolder(side) }
    let parent = try OpenFolder(slash == side.startIndex ? "/" : String(side[..<slash]))
    guard let folder = try parent.folder(String(side[side.index(after: slash)...])) else {
      throw PlainFailure.system(side, "cannot be opened", errno: ENOENT)
    }
    return folder
  }

  private static func give(_ entry: FolderTree.Entry, to owner: (uid: uid_t, gid: gid_t)?) throws {
    // A change of the owner clears some permission bits, so it comes first.
    if let owner, geteuid() == 0,
      fchownat(entry.folder, entry.name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) != 0
    {
      throw PlainFailure.system(entry.path, "cannot be given to its owner", errno: errno)
    }
    guard entry.isFolder else { return }
    let folder = openat(entry.folder, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard folder >= 0 else { throw PlainFailure.system(entry.path, "cannot be opened", errno: errno) }
    defer { close(folder) }
    guard fchmod(folder, 0o755) == 0 else {
      throw PlainFailure.system(entry.path, "cannot be given its permissions", errno: errno)
    }
  }

  // MARK: Exchange

  /// Returns the renames that put the new state in place, in execution order.
  func moves() throws -> [Move] {
    guard exchangesContents else {
      // The backup lacks the file.
      if isFile == true && !Move.isThere(side) { return [] }
      if try cannotBeRenamed() { return try contentMoves() }
      let out = Move.isThere(live) ? [Move(live: live, aside: before, direction: .out)] : []
      return out + [Move(live: live, aside: side, direction: .into)]
    }
    let top = try OpenFolder(live)
    let name = FileSystem.name(of: before)
    // It stays among the uploads until the operator deletes it: the server's own backup command has to be able to read
    // it.
    var status = stat()
    let isKnown = fstat(top.descriptor, &status) == 0
    _ = try top.madeFolder(name, mode: isKnown ? status.st_mode & 0o7777 : 0o755, owner: top.ownerOfContents)
    let old = try FileSystem.names(in: live).filter { !isScratch($0) && !staying.contains($0) }
    let new = try FileSystem.names(in: side).filter { !staying.contains($0) }
    return old.map { Move(live: "\(live)/\($0)", aside: "\(before)/\($0)", direction: .out) }
      + new.map { Move(live: "\(live)/\($0)", aside: "\(side)/\($0)", direction: .into) }
  }

  /// Returns the moves for a folder of a container's image, which its file system cannot rename: the contents are
  /// exchanged, with the same folders beside it.
  private func contentMoves() throws -> [Move] {
    var status = stat()
    guard stat(live, &status) == 0, mkdir(before, status.st_mode & 0o7777) == 0 || errno == EEXIST else {
      throw PlainFailure.system(before, "the folder cannot be made", errno: errno)
    }
    if geteuid() == 0 { lchown(before, status.st_uid, status.st_gid) }
    return try FileSystem.names(in: live).map {
      Move(live: "\(live)/\($0)", aside: "\(before)/\($0)", direction: .out)
    }
      + FileSystem.names(in: side).map { Move(live: "\(live)/\($0)", aside: "\(side)/\($0)", direction: .into) }
  }

  /// Tests whether the folder cannot be renamed, by a rename onto a folder that is not empty, which always fails: for a
  /// folder of an image's layer the error is another one (EXDEV).
  private func cannotBeRenamed() throws -> Bool {
    guard isFile != true, FileSystem.isFolder(live) else { return false }
    try FileSystem.makeFolder(probe)
    defer { try? FileSystem.removeTree(probe) }
    try FileSystem.replace("\(probe)/full", with: [])
    return rename(live, probe) != 0 && errno == EXDEV
  }

  /// The folder of the test whether this place can be renamed; without content, and gone after the test.
  var probe: String { "\(side)-probe" }

  private func isScratch(_ name: String) -> Bool { name.hasPrefix(".aloha-wizard-") || name == "lost+found" }
}
