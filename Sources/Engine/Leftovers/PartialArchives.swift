import Archive
import Common
import Glibc

/// Unfinished archives of exports and backups, on file systems without support for unnamed files.
struct PartialArchives: LeftoverKind {
  func find(_ scene: LeftoverScene) throws -> [FoundLeftover] {
    Set(["/tmp"] + scene.jobs.work).sorted().flatMap { path -> [FoundLeftover] in
      guard let folder = try? OpenFolder(path) else { return [] }
      return ((try? folder.names()) ?? []).filter(Self.isPartial).compactMap { name in
        OwnFile.bytes(name, in: folder, settled: scene.jobs.settled).map { bytes in
          FoundLeftover("unfinished archive of an interrupted command", "\(path)/\(name)", bytes: bytes) {
            try OwnFile.remove(name, in: folder, settled: scene.jobs.settled)
          }
        }
      }
    }
  }

  /// Returns whether the name has a form such as "x.tar.gz.Ab3dEf7h.partial" or "x.tar.gz.age.Ab3dEf7h.partial".
  static func isPartial(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count > 4, parts.last == "partial", parts[parts.count - 2].utf8.count == 8 else { return false }
    let stem = parts.dropLast(2).joined(separator: ".")
    return stem.hasSuffix(".tar.gz") || stem.hasSuffix(".tar.gz.age")
  }
}

/// A regular file of this user that no process uses.
enum OwnFile {
  /// Returns the size in bytes; nil if it is not such a file.
  ///
  /// - Parameter settled: see ``JobPlaces/settled``.
  static func bytes(_ name: String, in folder: OpenFolder, settled: Int) -> Int64? {
    guard let status = folder.status(name), isOld(status, settled), FileLock.isFree(name, in: folder) else {
      return nil
    }
    return Int64(status.st_size)
  }

  private static func isOld(_ status: stat, _ settled: Int) -> Bool {
    status.st_mode & S_IFMT == S_IFREG && status.st_uid == geteuid() && time(nil) - status.st_mtim.tv_sec > settled
  }

  /// Removes the file, unless a process now uses it.
  static func remove(_ name: String, in folder: OpenFolder, settled: Int) throws {
    guard bytes(name, in: folder, settled: settled) != nil else { return }
    try folder.removeFile(name)
  }
}
