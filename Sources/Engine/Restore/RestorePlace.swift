import Common
import Glibc

/// A folder of the server that a restore replaces: where it is, where the new one grows beside it, and where the old one
/// goes. All three are on one file system, so that exchanging them is a rename.
///
/// A folder that a file system is mounted on cannot be renamed: there it is the folder's contents that are exchanged.
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
  let side: String
  let before: String

  struct Link: Sendable, Codable, Equatable {
    let name: String
    let target: String
  }

  private init(part: String, live: String, exchangesContents: Bool, id: String) {
    self.part = part
    self.live = live
    self.exchangesContents = exchangesContents
    side = exchangesContents ? "\(live)/.aloha-wizard-restore-\(id)" : "\(live).restore-\(id)"
    before = exchangesContents ? "\(live)/.aloha-wizard-before-\(id)" : "\(live).before-\(id)"
  }

  // MARK: Finding

  /// The place of a folder, and those of folders at its top that are links or mounted. A folder that does not exist is
  /// one whose parents do.
  static func find(_ folder: String, part: String, id: String, mounts: Set<String> = mountPoints()) -> [RestorePlace] {
    let live = resolved(folder)
    var others: [RestorePlace] = []
    var links: [Link] = []
    var staying: [String] = []
    for name in (try? FileSystem.names(in: live)) ?? [] {
      let path = "\(live)/\(name)"
      if mounts.contains(path) {
        staying.append(name)
        others.append(RestorePlace(part: "\(part)/\(name)", live: path, exchangesContents: true, id: id))
      } else if let target = linkTarget(path), FileSystem.isFolder(path) {
        let real = resolved(path)
        // A link within the folder is nothing special: what it leads to moves along.
        if real.hasPrefix(live + "/") { continue }
        links.append(Link(name: name, target: target))
        others.append(
          RestorePlace(part: "\(part)/\(name)", live: real, exchangesContents: mounts.contains(real), id: id))
      }
    }
    var place = RestorePlace(
      part: part, live: live, exchangesContents: mounts.contains(live) || !staying.isEmpty, id: id)
    place.links = links
    place.staying = staying
    return [place] + others
  }

  /// Where file systems are mounted; bind mounts too, which `stat` does not show.
  static func mountPoints(_ table: String = "/proc/self/mountinfo") -> Set<String> {
    guard let bytes = try? FileSystem.read(table) else { return [] }
    return Set(
      String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line -> String? in
        let words = line.split(separator: " ")
        guard words.count > 4 else { return nil }
        return String(words[4]).replacing("\\040", with: " ").replacing("\\011", with: "\t").replacing(
          "\\134", with: "\\")
      })
  }

  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private static func linkTarget(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { room in
      room.baseAddress.map { readlink(path, $0, room.count) } ?? -1
    }
    return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
  }

  // MARK: Preparing

  /// The folder in which something has to be made and renamed.
  var parent: String {
    exchangesContents ? live : live.lastIndex(of: "/").map { String(live[..<$0]) } ?? "/"
  }

  /// Gives what was unpacked the owner and the permissions of the folder that it replaces, and makes its links.
  ///
  /// - Parameter fallback: the owner where there is no such folder; nil leaves it to whoever runs this.
  func dress(fallback: (uid: uid_t, gid: gid_t)?) throws {
    var old = stat()
    let hasOld = stat(live, &old) == 0
    let owner = hasOld ? (uid: old.st_uid, gid: old.st_gid) : fallback
    let folder = try openSide()
    for link in links {
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

  private func isScratch(_ name: String) -> Bool { name.hasPrefix(".aloha-wizard-") || name == "lost+found" }
}
