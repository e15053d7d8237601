import Archive
import Common
import Glibc

/// `NAME.sha256` beside an encrypted backup, in the format of `sha256sum --check`: without the private key it is the
/// only proof that the file is unchanged.
package enum BackupChecksum {
  package static func path(for backup: String) -> String { "\(backup).sha256" }

  /// The prefix of the line with the parts of the backup, which `sha256sum` ignores: without the key the content is
  /// hidden.
  private static let comment = "# holds: "

  /// - Returns: the size of the backup in bytes.
  @discardableResult
  static func write(for backup: String, _ holdings: BackupHoldings) throws -> Int64 {
    let (digest, size) = try digest(of: backup)
    let name = FileSystem.name(of: backup)
    let held = holdings.parts.sorted().map(\.rawValue) + (holdings.keepsUploadsElsewhere ? [elsewhere] : [])
    try FileSystem.replace(
      path(for: backup), with: "\(digest)  \(name)\n\(comment)\(held.joined(separator: " "))\n".utf8)
    return size
  }

  /// Returns whether the backup matches its seal; nil if it has none, or one without a SHA-256.
  ///
  /// - Parameter progress: receives the bytes of the backup read so far, and their total.
  package static func matches(
    _ backup: String, cancellation: Cancellation? = nil, progress: ByteProgress? = nil
  ) throws -> Bool? {
    guard let expected = digest(sealing: backup) else { return nil }
    return try expected == digest(of: backup, cancellation, progress).hexadecimal
  }

  /// Returns the digest in the seal; nil if there is none that can be read.
  package static func digest(sealing backup: String) -> String? {
    guard let text = try? FileSystem.read(path(for: backup), limit: 4096) else { return nil }
    let word = text.prefix { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D }
    let isDigest = word.count == 64 && word.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
    return isDigest ? String(decoding: word, as: UTF8.self).lowercased() : nil
  }

  private static let elsewhere = "uploads-elsewhere"

  /// Returns the parts of the backup by its seal; nil for seals of earlier versions of this program, and of other
  /// programs.
  package static func holdings(sealing backup: String) -> BackupHoldings? {
    guard let bytes = try? FileSystem.read(path(for: backup), limit: 4096) else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    return lines.first { $0.hasPrefix(comment) }.map { line in
      let words = line.dropFirst(comment.count).split(separator: " ").map(String.init)
      return BackupHoldings(
        Set(words.compactMap { BackupHoldings.Part(rawValue: $0) }), keepsUploadsElsewhere: words.contains(elsewhere))
    }
  }

  private static func digest(
    of path: String, _ cancellation: Cancellation? = nil, _ progress: ByteProgress? = nil
  ) throws -> (hexadecimal: String, size: Int64) {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw PlainFailure.system(path, "cannot be read", errno: errno) }
    defer { close(file) }
    let length = FileSystem.length(path) ?? 0
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
      try progress?(size, length)
    }
  }
}

extension FileSystem {
  /// Returns the size in bytes of the file that a path refers to, following links; nil if there is none.
  package static func length(_ path: String) -> Int64? {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : nil
  }

  /// Returns the size in bytes of a file, without following links; nil if there is none.
  package static func size(_ path: String) -> Int64? {
    var status = stat()
    return lstat(path, &status) == 0 ? Int64(status.st_size) : nil
  }
}
