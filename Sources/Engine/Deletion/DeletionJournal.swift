import Common
import FoundationEssentials
import Glibc

/// A note in the uploads folder that an organization's files are to go. It is on the disk before the rows are gone and
/// removed after the last file: whatever happens between, the next deletion finds it and finishes the work.
struct DeletionJournal {
  struct Entry: Codable, Equatable {
    var organization: Int64
    var subdomain: String
    var name: String
    var reach: OrganizationFiles.Reach
  }

  private static let prefix = ".organization-deletion-"

  let entry: Entry
  private let path: String
  private let lock: FileLock

  /// Writes the note.
  ///
  /// - Throws: `.conflict` where another deletion of the same organization is running.
  init(_ entry: Entry, in uploads: String) throws {
    self.entry = entry
    path = "\(uploads)/\(Self.prefix)\(entry.organization)"
    // The lock is on a file of its own: the note itself is replaced in one step.
    guard let lock = try FileLock(path + ".lock") else {
      throw PlainFailure(.conflict, path, "another deletion uses it", remedy: "wait for it to end")
    }
    self.lock = lock
    try FileSystem.replace(path, with: Array(try JSONEncoder().encode(entry)))
  }

  /// All is done, or nothing was begun.
  func discard() {
    unlink(path)
    unlink(path + ".lock")
  }

  /// Notes that no running deletion holds.
  static func leftovers(in uploads: String) throws -> [Entry] {
    guard FileSystem.isFolder(uploads) else { return [] }
    return try FileSystem.names(in: uploads).compactMap { name in
      guard name.hasPrefix(prefix), !name.hasSuffix(".lock"), !name.hasSuffix(".tmp"),
        let lock = try FileLock("\(uploads)/\(name).lock")
      else { return nil }
      _ = lock
      let bytes = try FileSystem.read("\(uploads)/\(name)", limit: 1 << 16)
      return try? JSONDecoder().decode(Entry.self, from: Data(bytes))
    }
  }
}
