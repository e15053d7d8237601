import Archive
import Common
import Glibc

/// All files below a folder, listed at one moment.
///
/// Symbolic links are followed where the one who made them could have read what they lead to: those of root, and those
/// whose target belongs to the same user. So uploads that were moved to another disk are found, and nobody can slip the
/// system's files into a backup that root makes. Whatever is left out is named.
final class FileTree {
  struct File {
    /// Below the folder that was listed.
    let name: String
    let size: Int64
    let mode: mode_t
    fileprivate let root: Root
    fileprivate let inside: String
  }

  private(set) var files: [File] = []
  private(set) var skipped: [Manifest.Skipped] = []
  /// Links that were followed.
  private(set) var followed: [String] = []
  private(set) var bytes: Int64 = 0
  private var way: [Identity] = []
  private let serverRoot: String

  private struct Identity: Equatable {
    let device: dev_t
    let inode: ino_t

    init(_ status: stat) {
      device = status.st_dev
      inode = status.st_ino
    }
  }

  /// A folder that is held open: what is below it is opened through it, along no link.
  fileprivate final class Root {
    let descriptor: Int32

    init?(_ path: String) {
      descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }
  }

  /// - Parameters:
  ///   - folder: may be a link itself; containers keep uploads on a volume.
  ///   - root: of the server: links to absolute paths are followed as it sees them.
  init(_ folder: String, root serverRoot: String = "", cancellation: Cancellation? = nil) throws {
    self.serverRoot = serverRoot
    guard let root = Root(folder) else { throw PlainFailure.system(folder, "cannot be read", errno: errno) }
    var status = stat()
    guard fstat(root.descriptor, &status) == 0 else {
      throw PlainFailure.system(folder, "cannot be read", errno: errno)
    }
    way = [Identity(status)]
    try list(root, ".", name: "", cancellation: cancellation)
  }

  /// Opens a file for reading; -1 with `errno` where that is not possible any more.
  static func open(_ file: File) -> Int32 {
    FileSystem.openBeneath(file.root.descriptor, file.inside, O_RDONLY | O_NONBLOCK | O_NOCTTY)
  }

  private func list(_ root: Root, _ inside: String, name prefix: String, cancellation: Cancellation?) throws {
    try cancellation?.check()
    let descriptor = FileSystem.openBeneath(root.descriptor, inside, O_RDONLY | O_DIRECTORY)
    guard descriptor >= 0 else { return skip(prefix, SystemError.text(errno)) }
    defer { close(descriptor) }
    guard let names = try? FileSystem.names(in: "/proc/self/fd/\(descriptor)") else {
      return skip(prefix, "the folder cannot be listed")
    }
    for name in names where !Self.isScratch(name, in: prefix) {
      let whole = prefix.isEmpty ? name : "\(prefix)/\(name)"
      let path = inside == "." ? name : "\(inside)/\(name)"
      var status = stat()
      guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
        skip(whole, SystemError.text(errno))
        continue
      }
      switch status.st_mode & S_IFMT {
      case S_IFREG:
        take(File(name: whole, size: Int64(status.st_size), mode: status.st_mode & 0o777, root: root, inside: path))
      case S_IFDIR:
        way.append(Identity(status))
        try list(root, path, name: whole, cancellation: cancellation)
        way.removeLast()
      case S_IFLNK:
        try follow("/proc/self/fd/\(descriptor)/\(name)", status, name: whole, cancellation: cancellation)
      default: skip(whole, "it is neither a file nor a folder")
      }
    }
  }

  private func follow(_ link: String, _ status: stat, name: String, cancellation: Cancellation?) throws {
    guard let resolved = realpath(ServerLink.destination(link, root: serverRoot), nil) else {
      return skip(name, "the link leads nowhere")
    }
    defer { free(resolved) }
    let path = String(cString: resolved)
    var target = stat()
    guard lstat(path, &target) == 0 else { return skip(name, SystemError.text(errno)) }
    guard status.st_uid == 0 || status.st_uid == target.st_uid else {
      return skip(name, "the link leads to a file of another user")
    }
    let isFolder = target.st_mode & S_IFMT == S_IFDIR
    guard isFolder || target.st_mode & S_IFMT == S_IFREG else { return skip(name, "the link leads to no file") }
    guard !isFolder || !way.contains(Identity(target)) else { return skip(name, "the link leads in a circle") }
    let parts = path.lastIndex(of: "/").map { (String(path[..<$0]), String(path[path.index(after: $0)...])) }
    guard let parts, let root = Root(isFolder ? path : parts.0.isEmpty ? "/" : parts.0) else {
      return skip(name, SystemError.text(errno))
    }
    followed.append(name)
    if isFolder {
      way.append(Identity(target))
      try list(root, ".", name: name, cancellation: cancellation)
      way.removeLast()
    } else {
      take(
        File(
          name: name, size: Int64(target.st_size), mode: target.st_mode & 0o777, root: root, inside: parts.1))
    }
  }

  private func take(_ file: File) {
    files.append(file)
    bytes += file.size
  }

  private func skip(_ name: String, _ reason: String) {
    skipped.append(Manifest.Skipped(name: SafeText.clean(name, limit: 200), reason: reason))
  }

  /// What this program itself keeps in there during a restore, and what a file system has of its own.
  private static func isScratch(_ name: String, in prefix: String) -> Bool {
    prefix.isEmpty && (name.hasPrefix(".aloha-wizard-") || name == "lost+found")
  }
}
