import Common
import Glibc
import Operations

/// A file of the server's configuration that is replaced atomically, with the same owner and mode. A link to the file
/// stays a link.
struct ConfigurationFile {
  /// The path with all links resolved.
  let path: String
  let bytes: [UInt8]
  private let status: stat

  /// - Throws: `.file` if it does not exist or cannot be read.
  init(_ path: String) throws {
    guard let real = realpath(path, nil) else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
    defer { free(real) }
    self.path = String(cString: real)
    var status = stat()
    guard stat(self.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw PlainFailure(.file, path, "is no plain file")
    }
    self.status = status
    bytes = try FileSystem.read(self.path)
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Returns whether another path leads to the same file.
  func isSame(as other: String) -> Bool {
    guard let real = realpath(other, nil) else { return false }
    defer { free(real) }
    return String(cString: real) == path
  }

  /// Why the file cannot be replaced; nil if it can.
  var obstacle: Finding? {
    let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    if access(path, W_OK) != 0 || access(folder.isEmpty ? "/" : folder, W_OK) != 0 {
      return Finding(.blocker, "files", "\(path) cannot be replaced", remedy: "run it as root")
    }
    if geteuid() != 0, status.st_uid != geteuid() {
      return Finding(.blocker, "files", "\(path) belongs to somebody else", remedy: "run it as root")
    }
    return nil
  }

  func replace(with bytes: [UInt8]) throws { try write(bytes, to: path, replacing: true) }

  /// Writes a copy with the same owner and mode.
  func copy(to path: String) throws { try write(bytes, to: path, replacing: false) }

  private func write(_ bytes: [UInt8], to target: String, replacing: Bool) throws {
    let temporary = "\(target).\(RandomText.alphanumeric(8)).tmp"
    // The file can contain secrets: it must be private until it has its owner.
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw PlainFailure.system(target, "cannot be written", errno: errno) }
    do {
      defer { close(descriptor) }
      try bytes.withUnsafeBytes { try FileSystem.writeAll(descriptor, $0, path: target) }
      var own = stat()
      fstat(descriptor, &own)
      if own.st_uid != status.st_uid || own.st_gid != status.st_gid {
        guard fchown(descriptor, status.st_uid, status.st_gid) == 0 else {
          throw PlainFailure.system(target, "cannot be given its owner", errno: errno)
        }
      }
      guard fchmod(descriptor, status.st_mode & 0o7777) == 0, fsync(descriptor) == 0 else {
        throw PlainFailure.system(target, "cannot be written", errno: errno)
      }
      guard replacing ? rename(temporary, target) == 0 : FileSystem.renameNew(temporary, to: target) else {
        throw PlainFailure.system(target, "cannot be put in place", errno: errno)
      }
      try FileSystem.syncFolder(of: target)
    } catch {
      unlink(temporary)
      throw error
    }
  }
}
