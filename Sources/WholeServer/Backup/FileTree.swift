import Archive
import Common
import Glibc
import Server

/// All files below a folder, listed at one time.
///
/// Symbolic links are followed if their owner could read the target: those of root, and those whose target belongs to
/// the same user. So uploads that were moved to another disk are included, and no user can inject system files into a
/// backup made by root. Omitted entries are reported.
final class FileTree {
  struct File {
    /// The path below the listed folder.
    let name: String
    let size: Int64
    let mode: mode_t
    fileprivate let root: Root
    fileprivate let inside: String
  }

  private(set) var files: [File] = []
  private(set) var skipped: [Manifest.Skipped] = []
  /// The links that were followed.
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

  /// A folder that is held open: entries below it are opened through it, without following links.
  fileprivate final class Root {
    let descriptor: Int32

    init?(_ path: String) {
      descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }
  }

  /// - Parameters:
  ///   - folder: may be a link; containers keep uploads on a volume.
  ///   - root: the root of the server, relative to which links with absolute paths are followed.
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

  /// Opens a file for reading; returns -1 with `errno` if that is no longer possible.
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
        // The name was made readable, so that no file has it.
        let isText = !name.unicodeScalars.contains("\u{FFFD}")
        skip(whole, isText ? SystemError.text(errno) : "its name is not UTF-8 text: rename it")
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
    skipped.append(Manifest.Skipped(name: SafeText.clean(name, limit: .line), reason: reason))
  }

  /// Returns whether the entry is a temporary folder of a restore, or belongs to the file system.
  private static func isScratch(_ name: String, in prefix: String) -> Bool {
    prefix.isEmpty && (name.hasPrefix(".aloha-wizard-") || name == "lost+found")
  }
}
