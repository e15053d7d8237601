import Common
import FoundationEssentials
import Glibc

/// A note in the uploads folder that an organization's files have to be deleted. It is written to disk before the rows
/// are deleted and removed after the last file: after an interruption, the next deletion finds it and finishes the
/// work.
package struct DeletionJournal {
  package struct Entry: Codable, Equatable {
    package var organization: Int64
    var subdomain: String
    package var name: String
    var reach: OrganizationFiles.Reach
  }

  package static let prefix = ".organization-deletion-"

  let entry: Entry
  private let uploads: OpenFolder
  private let name: String
  private let lock: FileLock

  /// Writes the note.
  ///
  /// - Throws: `.conflict` if another deletion of the same organization is running.
  init(_ entry: Entry, in uploads: String) throws {
    self.entry = entry
    self.uploads = try OpenFolder(uploads)
    name = "\(Self.prefix)\(entry.organization)"
    // The lock is a separate file, because the note itself is replaced atomically.
    guard let lock = try FileLock(name + ".lock", in: self.uploads) else {
      throw PlainFailure(.conflict, "\(uploads)/\(name)", "another deletion uses it", remedy: "wait for it to end")
    }
    self.lock = lock
    try self.uploads.replace(name, with: Array(try JSONEncoder().encode(entry)))
  }

  /// Removes the note: everything is done, or nothing was begun.
  func discard() {
    unlinkat(uploads.descriptor, name, 0)
    unlinkat(uploads.descriptor, name + ".lock", 0)
  }

  /// Returns the abandoned notes for reports. Changes nothing.
  package static func abandoned(in uploads: String) throws -> [Entry] {
    guard FileSystem.isFolder(uploads) else { return [] }
    let folder = try OpenFolder(uploads)
    return try folder.names().compactMap { name in
      guard isNote(name), FileLock.isFree(name + ".lock", in: folder) else { return nil }
      return entry(name, in: folder)
    }
  }

  private static func isNote(_ name: String) -> Bool {
    name.hasPrefix(prefix) && !name.hasSuffix(".lock") && !name.hasSuffix(".tmp")
  }

  private static func entry(_ name: String, in folder: OpenFolder) -> Entry? {
    guard let bytes = try? folder.read(name, limit: 1 << 16),
      var entry = try? JSONDecoder().decode(Entry.self, from: Data(bytes)), name == "\(prefix)\(entry.organization)"
    else { return nil }
    entry.name = SafeText.clean(entry.name, limit: .word)
    return entry
  }

  /// Returns the notes that no running deletion holds.
  static func leftovers(in uploads: String) throws -> [Entry] {
    guard FileSystem.isFolder(uploads) else { return [] }
    let folder = try OpenFolder(uploads)
    return try folder.names().compactMap { name in
      guard isNote(name), let lock = try FileLock(name + ".lock", in: folder) else { return nil }
      defer { withExtendedLifetime(lock) {} }
      return entry(name, in: folder)
    }
  }
}
