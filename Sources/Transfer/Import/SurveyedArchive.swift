import Archive
import Common
import Glibc
import Operations
import Postgres
import Server

/// An archive that was unpacked and read completely. Its temporary files are deleted with it.
struct SurveyedArchive {
  let archive: OpenedArchive
  let index: ArchiveIndex
  let model: DataModel
  /// The parent of the unpacked files; nil for an operator's folder.
  private let scratch: ScratchFolder?

  init(_ archive: OpenedArchive, _ index: ArchiveIndex, _ model: DataModel, scratch: ScratchFolder? = nil) {
    self.archive = archive
    self.index = index
    self.model = model
    self.scratch = scratch
  }
}

/// A surveyed archive between the checks of an import and its run, or between two checks: valid as long as neither the
/// archive nor the tables of the server have changed.
final class KeptArchive: Sendable {
  private let path: String
  private let version: FileVersion
  private let surveyed: Monitor<SurveyedArchive?>

  private init(_ surveyed: SurveyedArchive, path: String, version: FileVersion) {
    self.path = path
    self.version = version
    self.surveyed = Monitor(surveyed)
  }

  /// Keeps an archive, unless it is a folder, which cannot be compared at once, or has changed since it was read, or its
  /// files take more than half of the space that is left: others may need it while an operator decides.
  ///
  /// - Parameter version: the archive's version before it was read.
  static func keep(
    _ surveyed: SurveyedArchive, of path: String, version: FileVersion?, in preparation: Preparation
  ) {
    guard let version, FileVersion(of: path) == version else { return }
    guard let left = FileSystem.freeBytes(surveyed.archive.folder) else { return }
    // Each size was checked while the file was written; their sum is on a disk.
    guard surveyed.archive.members.reduce(0.0, { $0 + Double($1.size) }) <= Double(left) / 2 else { return }
    preparation.keep(KeptArchive(surveyed, path: path, version: version))
  }

  /// Returns the archive of a preparation if it is still valid. An invalid one is deleted.
  static func take(_ path: String, catalog: Catalog, from preparation: Preparation?) -> SurveyedArchive? {
    guard let kept = preparation?.take(KeptArchive.self), kept.path == path, FileVersion(of: path) == kept.version,
      let surveyed = kept.taken(), surveyed.model.catalog == catalog
    else { return nil }
    return surveyed
  }

  private func taken() -> SurveyedArchive? {
    surveyed.now { surveyed in
      defer { surveyed = nil }
      return surveyed
    }
  }
}

/// Identifies the content of a regular file without reading it: a write changes it, and so does replacing the file.
struct FileVersion: Sendable, Equatable {
  private let device: UInt64
  private let inode: UInt64
  private let size: Int
  private let modified: [Int]
  private let changed: [Int]

  /// - Returns: nil if there is no regular file at the path.
  init?(of path: String) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int(status.st_size)
    modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
  }
}
