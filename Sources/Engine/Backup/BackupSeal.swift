import Common
import Glibc

/// `NAME.sha256` beside an encrypted backup, in the form that `sha256sum --check` reads: without the private key it is
/// all that tells whether the file is still what was written.
enum BackupSeal {
  static func path(for backup: String) -> String { "\(backup).sha256" }

  /// - Returns: bytes of the backup.
  @discardableResult
  static func write(for backup: String) throws -> Int64 {
    let (digest, size) = try digest(of: backup)
    let name = backup.split(separator: "/").last.map(String.init) ?? backup
    try FileSystem.replace(path(for: backup), with: "\(digest)  \(name)\n".utf8)
    return size
  }

  /// Whether the backup is what its seal says; nil where it has none.
  static func matches(_ backup: String, cancellation: Cancellation? = nil) throws -> Bool? {
    guard let text = try? FileSystem.read(path(for: backup), limit: 4096) else { return nil }
    return try String(decoding: text.prefix(64), as: UTF8.self) == digest(of: backup, cancellation).hexadecimal
  }

  private static func digest(
    of path: String, _ cancellation: Cancellation? = nil
  ) throws -> (hexadecimal: String, size: Int64) {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
    defer { close(file) }
    var digest = Digest()
    var size: Int64 = 0
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      try cancellation?.check()
      let count = read(file, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
      if count == 0 { return (digest.hexadecimal(), size) }
      chunk.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      size += Int64(count)
    }
  }
}

extension FileSystem {
  /// Bytes of a file; nil where there is none.
  static func size(_ path: String) -> Int64? {
    var status = stat()
    return lstat(path, &status) == 0 ? Int64(status.st_size) : nil
  }
}
