import Archive
import Common
import Server

/// Determines the parts and the faults of a backup while it is read for another purpose.
package final class HoldingsReader: MemberVisitor {
  package private(set) var members = BackupMembers()
  private var current: (header: MemberHeader, bytes: [UInt8])?

  package init() {}

  package func begin(_ header: MemberHeader) -> Bool {
    current = members.see(header) ? (header, []) : nil
    return current != nil
  }

  package func take(_ bytes: UnsafeRawBufferPointer) { current?.bytes.append(contentsOf: bytes) }

  package func end() {
    if let current { members.take(current.header, current.bytes) }
    current = nil
  }

  /// Returns what the member list says, after the last member. The dump is compared with its table of contents only if
  /// pg_restore is installed.
  ///
  /// - Parameters:
  ///   - folders: the top-level folders of the archive.
  ///   - manifest: the archive's own list, if it has one.
  /// - Throws: `.damagedArchive` if the dump's table of contents cannot be read.
  package func finish(folders: Set<String>, manifest: Manifest?) throws -> BackupMembers {
    members.finish(folders: folders, manifest: manifest)
    if members.hasDatabase, !PostgresTools.installed().isEmpty {
      let scratch = try ScratchFolder(in: ScratchFolder.place(among: ScratchFolder.places, for: nil) ?? "/tmp")
      defer { scratch.remove() }
      try members.readDump(scratch: scratch.path)
    }
    return members
  }
}
