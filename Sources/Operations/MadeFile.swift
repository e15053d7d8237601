import Common
import FoundationEssentials
import Glibc

/// Identifies a file that an operation has made, so that an undo deletes it and never another one that has taken its
/// place.
struct MadeFile: Codable, Equatable {
  /// Resolved: a link on the way can lead elsewhere later.
  let path: String
  private let device: UInt64
  private let inode: UInt64
  private let size: Int64
  private let modified: [Int]

  /// - Returns: nil if there is no file.
  private init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.path = path
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
  }

  // MARK: In the job's folder

  private static func record(in folder: String) -> String { "\(folder)/made-file.json" }

  /// Records a file in the folder of the job that has made it.
  static func record(_ path: String, in folder: String) throws {
    guard let made = MadeFile(FileSystem.resolved(path)) else { return }
    try FileSystem.replace(record(in: folder), with: Array(try JSONEncoder().encode(made)))
  }

  /// Returns the recorded file; nil without a record.
  static func recorded(in folder: String) -> MadeFile? {
    guard let bytes = try? FileSystem.read(record(in: folder), limit: 1 << 16) else { return nil }
    return try? JSONDecoder().decode(MadeFile.self, from: Data(bytes))
  }

  /// Whether the file at its path is still the recorded one, unchanged.
  var isUnchanged: Bool { MadeFile(path) == self }
}

extension Progress {
  /// Records the file that the operation has made, for its undo. Without a record the undo does not delete it.
  package func made(_ path: String) {
    guard let recordFolder else { return }
    do { try MadeFile.record(path, in: recordFolder) } catch {
      warn("\(path) could not be recorded: an undo will not delete it (\(FailureReport(error).reason))")
    }
  }
}
