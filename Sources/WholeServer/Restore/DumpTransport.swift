import Archive
import Common
import Glibc

extension DumpFile {
  /// Returns the dump in a format and place that a system user can read: an unreadable one is copied into `folder`,
  /// gzipped SQL is unpacked into it.
  ///
  /// - Parameter user: nil for the current user.
  func brought(to folder: String, for user: String?, _ cancellation: Cancellation) throws -> DumpFile {
    switch form {
    case .gzippedPlain, .archivedPlain:
      let target = "\(folder)/dump.sql"
      try inflate(to: target, in: folder)
      let plain = try DumpFile.recognize(target)
      guard plain.form == .plain else {
        throw Self.failure(path, "is compressed, but holds no plain SQL", "unpack it first")
      }
      return plain
    case .directory:
      guard !Self.isReadable("\(path)/toc.dat", for: user) else { return self }
      let target = "\(folder)/database"
      _ = try PartsUnpacker.unpack(path, parts: ["": target], cancellation: cancellation)
      return DumpFile(path: target, form: .directory)
    case .custom, .tar, .plain:
      guard !Self.isReadable(path, for: user) else { return self }
      let target = "\(folder)/dump"
      do {
        try Subprocess("/bin/cp", ["--", path, target], directory: "/").runChecked()
      } catch  where (FileSystem.freeBytes(folder) ?? .max) < 1 << 16 {
        throw PlainFailure.system(target, "cannot be written", errno: ENOSPC)
      }
      return DumpFile(path: target, form: form)
    }
  }

  private static func isReadable(_ path: String, for user: String?) -> Bool {
    guard let user else { return access(path, R_OK) == 0 }
    return (try? Subprocess("/usr/bin/test", ["-r", path], directory: "/", user: user).run().status) == 0
  }

  private func inflate(to target: String, in folder: String) throws {
    let file = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw PlainFailure.system(target, "cannot be written", errno: errno) }
    defer { close(file) }
    let status = Subprocess.wait(try unpacking.start(output: file))
    guard status == 0 else {
      if (FileSystem.freeBytes(folder) ?? .max) < 1 << 16 {
        throw PlainFailure.system(target, "cannot be written", errno: ENOSPC)
      }
      throw Self.failure(
        path, "cannot be unpacked: \(member == nil ? "gzip" : "tar") ended with status \(status)",
        "use another copy of it")
    }
  }
}
