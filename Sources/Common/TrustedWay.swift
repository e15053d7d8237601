import CSystem
import Glibc

/// Opens a folder for root, name by name; see ``OpenFolder/init(_:)`` for the followed links.
enum TrustedWay {
  private static let mostLinks = 40

  /// - Returns: a descriptor, or -1 with `errno`.
  /// - Throws: `.file` if a link leads to a folder of another user than the link's owner.
  static func open(_ path: String) throws -> Int32 {
    var folder = Glibc.open(path.hasPrefix("/") ? "/" : ".", csystem_path_only() | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return -1 }
    defer { close(folder) }
    var names = Array(path.split(separator: "/").map(String.init).reversed())
    var strangers: [(link: String, owner: uid_t)] = []
    var links = 0
    while let name = names.popLast() {
      let next = openat(folder, name, csystem_path_only() | O_NOFOLLOW | O_CLOEXEC)
      guard next >= 0 else { return -1 }
      var status = stat()
      guard fstat(next, &status) == 0 else {
        close(next)
        return -1
      }
      guard status.st_mode & S_IFMT == S_IFLNK else {
        close(folder)
        folder = next
        continue
      }
      defer { close(next) }
      links += 1
      guard links <= mostLinks, let target = target(of: next) else {
        errno = ELOOP
        return -1
      }
      if status.st_uid != 0 { strangers.append((name, status.st_uid)) }
      if target.hasPrefix("/") {
        let top = Glibc.open("/", csystem_path_only() | O_DIRECTORY | O_CLOEXEC)
        guard top >= 0 else { return -1 }
        close(folder)
        folder = top
      }
      names += target.split(separator: "/").map(String.init).reversed()
    }
    let opened = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard opened >= 0 else { return -1 }
    var status = stat()
    guard fstat(opened, &status) == 0, let wrong = strangers.first(where: { $0.owner != status.st_uid }) else {
      return opened
    }
    close(opened)
    throw PlainFailure(
      .file, SafeText.clean(path, limit: .path),
      "the link \(SafeText.clean(wrong.link, limit: .name)) on this path belongs to user \(wrong.owner), and leads to a "
        + "folder of user \(status.st_uid); root does not follow it",
      remedy: "where that is right, make root the owner of the link: chown -h root")
  }

  private static func target(of link: Int32) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { room in
      room.baseAddress.map { readlinkat(link, "", $0, room.count) } ?? -1
    }
    guard count > 0, count < buffer.count else { return nil }
    return String(validating: buffer[..<count], as: UTF8.self)
  }
}
