import Common
import Glibc

/// A folder of the server that a restore replaces: where it is, where the new one grows beside it, and where the old one
/// goes. All three are on one file system, so that exchanging them is a rename.
///
/// A folder that a file system is mounted on cannot be renamed: there it is the folder's contents that are exchanged. A
/// link at the top of a folder stays a link: what it leads to, a folder or a single file, is a place of its own.
struct RestorePlace: Sendable, Codable, Equatable {
  /// The part of the backup that goes there: "settings", "uploads", "uploads/files".
  let part: String
  /// Without links on the way.
  let live: String
  let exchangesContents: Bool
  /// Names at its top that stay: other file systems are mounted there, and have places of their own.
  var staying: [String] = []
  /// Links at its top that lead to places of their own, and are made again in the new folder.
  var links: [Link] = []
  /// True for a single file that a link at the top of a folder leads to. Nil in records of earlier versions.
  private(set) var isFile: Bool?
  /// Files at its top that cannot be replaced: they are mounted from outside. Nil in records of earlier versions.
  private(set) var fixed: [String]?
  let side: String
  let before: String

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

  // MARK: Finding

  /// The place of a folder, and those of folders and files at its top that are links or mounted. A folder that does not
  /// exist is one whose parents do.
  ///
  /// - Parameter root: of the server: links are followed as it sees them.
  static func find(
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
        // What a link within the folder leads to moves along.
        if real.hasPrefix(live + "/") {
          let link = Link(name: name, target: target)
          if !isFolder, inside(link, live: live) != nil { links.append(link) }
          continue
        }
        guard isFolder || FileSystem.isFolder(Self.parent(of: real)) else { continue }
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

  // MARK: Preparing

  /// The folder in which something has to be made and renamed.
  var parent: String { exchangesContents ? live : Self.parent(of: live) }

  private static func parent(of path: String) -> String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "/"
  }

  /// Gives what was unpacked the owner and the permissions of the folder that it replaces, and makes its links.
  ///
  /// - Parameter fallback: the owner where there is no such folder; nil leaves it to whoever runs this.
  func dress(fallback: (uid: uid_t, gid: gid_t)?) throws {
    guard isFile != true else { return }
    var old = stat()
    let hasOld = stat(live, &old) == 0
    let owner = hasOld ? (uid: old.st_uid, gid: old.st_gid) : fallback
    let folder = try openSide()
    for link in links {
      if let inside = Self.inside(link, live: live) {
        // The link and what it leads to are one file: the backup may know it under either name.
        let (own, target) = ("\(side)/\(link.name)", "\(side)/\(inside)")
        if FileSystem.exists(own), rename(own, target) != 0 { continue }
        guard FileSystem.exists(target) else { continue }
      }
      // The archive may have nothing of that name, or what the link led to when the backup was made.
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
    // For exchanged contents the folder itself is scratch and goes away.
    let mode = exchangesContents || !hasOld ? 0o755 : old.st_mode & 0o7777
    guard fchmod(folder.descriptor, mode) == 0 else {
      throw PlainFailure.system(side, "cannot be given its permissions", errno: errno)
    }
    guard FileSystem.syncFileSystem(of: folder.descriptor) else {
      throw PlainFailure.system(side, "cannot be written to the disk", errno: errno)
    }
  }

  /// The name of what a link leads to, where that is beside it in the same folder.
  private static func inside(_ link: Link, live: String) -> String? {
    let target = link.target.hasPrefix(live + "/") ? String(link.target.dropFirst(live.count + 1)) : link.target
    return target.contains("/") || target.isEmpty || target == ".." || target == "." ? nil : target
  }

  /// Takes the new content of a single file out of the folder whose link leads to it; a file that the folder does not
  /// have stays as it is on the server. It gets the owner and the permissions of the file that it replaces.
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

  /// What was unpacked, through no link: its parent may belong to the server's user.
  private func openSide() throws -> OpenFolder {
    guard let slash = side.lastIndex(of: "/") else { return try OpenFolder(side) }
    let parent = try OpenFolder(slash == side.startIndex ? "/" : String(side[..<slash]))
    guard let folder = try parent.folder(String(side[side.index(after: slash)...])) else {
      throw PlainFailure.system(side, "cannot be opened", errno: ENOENT)
    }
    return folder
  }

  private static func give(_ entry: FolderTree.Entry, to owner: (uid: uid_t, gid: gid_t)?) throws {
    // An owner's change takes some bits of the permissions away: it comes first.
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

  // MARK: Exchanging

  /// The renames that put the new state in place, in their order.
  func moves() throws -> [Move] {
    guard exchangesContents else {
      // The backup did not have the file.
      if isFile == true && !Move.isThere(side) { return [] }
      if try cannotBeRenamed() { return try contentMoves() }
      let out = Move.isThere(live) ? [Move(live: live, aside: before, direction: .out)] : []
      return out + [Move(live: live, aside: side, direction: .into)]
    }
    let top = try OpenFolder(live)
    let name = before.split(separator: "/").last.map(String.init) ?? before
    // It stays among the uploads for as long as the operator likes: the server's own backup command has to read it.
    var status = stat()
    let isKnown = fstat(top.descriptor, &status) == 0
    _ = try top.madeFolder(name, mode: isKnown ? status.st_mode & 0o7777 : 0o755, owner: top.ownerOfContents)
    let old = try FileSystem.names(in: live).filter { !isScratch($0) && !staying.contains($0) }
    let new = try FileSystem.names(in: side).filter { !staying.contains($0) }
    return old.map { Move(live: "\(live)/\($0)", aside: "\(before)/\($0)", direction: .out) }
      + new.map { Move(live: "\(live)/\($0)", aside: "\(side)/\($0)", direction: .into) }
  }

  /// A container's file system renames no folder that came with the image: then its contents are exchanged, with the same
  /// folders beside it.
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

  /// Asks the kernel to put the folder in the place of one that is not empty, which it never does: a folder of an image's
  /// layer is refused for another reason (EXDEV).
  private func cannotBeRenamed() throws -> Bool {
    guard isFile != true, FileSystem.isFolder(live) else { return false }
    let probe = "\(side)-probe"
    try FileSystem.makeFolder(probe)
    defer { try? FileSystem.removeTree(probe) }
    try FileSystem.replace("\(probe)/full", with: [])
    return rename(live, probe) != 0 && errno == EXDEV
  }

  private func isScratch(_ name: String) -> Bool { name.hasPrefix(".aloha-wizard-") || name == "lost+found" }
}
