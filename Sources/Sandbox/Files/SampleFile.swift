import Common
import Glibc

/// Writes files of a throw-away server, without waiting for the disk.
enum SampleFile {
  /// Writes a new file and creates its parent folders. Fails if the file exists.
  static func write(_ bytes: some Collection<UInt8>, to path: String, mode: mode_t = 0o644) throws {
    if let slash = path.lastIndex(of: "/") { try FileSystem.makeFolder(String(path[..<slash]), mode: 0o755) }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw PlainFailure.system(path, "cannot be written", errno: errno) }
    defer { close(descriptor) }
    try Array(bytes).withUnsafeBytes { try FileSystem.writeAll(descriptor, $0, path: path) }
  }

  /// Writes a file, or replaces an existing one.
  static func rewrite(_ bytes: some Collection<UInt8>, to path: String, mode: mode_t = 0o600) throws {
    guard unlink(path) == 0 || errno == ENOENT else {
      throw PlainFailure.system(path, "cannot be replaced", errno: errno)
    }
    try write(bytes, to: path, mode: mode)
  }
}
