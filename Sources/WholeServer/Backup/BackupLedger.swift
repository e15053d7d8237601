import Common
import FoundationEssentials
import Glibc

/// The known standing of the backups in a folder, so that they need not be read again for each query.
///
/// An entry applies only to exactly the file that it was recorded for. It is a cache, not a proof: nothing is deleted
/// before the remaining backup has been read again.
struct BackupLedger {
  private struct Note: Codable, Equatable {
    let bytes: Int64
    /// Nanoseconds since 1970.
    let changed: Int64
    let file: UInt64
    let standing: BackupStanding
  }

  static let fileName = ".aloha-wizard-backups.json"
  private let folder: String
  private var notes: [String: Note]

  private var path: String { "\(folder)/\(Self.fileName)" }

  /// Reads the ledger only if no other user could have written it.
  init(_ folder: String) {
    self.folder = folder
    notes = [:]
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
      status.st_mode & 0o022 == 0, let bytes = try? FileSystem.read(path, limit: 16 << 20),
      let read = try? JSONDecoder().decode([String: Note].self, from: Data(bytes))
    else { return }
    notes = read
  }

  func standing(of backup: BackupFile) -> BackupStanding? {
    guard let note = notes[Self.name(backup.path)], Self.note(backup.path, note.standing) == note else { return nil }
    return note.standing
  }

  mutating func note(_ standing: BackupStanding, of path: String) {
    notes[Self.name(path)] = Self.note(path, standing)
  }

  /// Writes the entries of the existing backups. Errors are ignored: the backups are then read again.
  func save() {
    let there = notes.filter { FileSystem.exists("\(folder)/\($0.key)") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    guard let bytes = try? encoder.encode(there) else { return }
    try? FileSystem.replace(path, with: bytes)
  }

  private static func note(_ path: String, _ standing: BackupStanding) -> Note? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    let (nanoseconds, overflow) = Int64(status.st_mtim.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    return Note(
      bytes: Int64(status.st_size), changed: overflow ? 0 : nanoseconds &+ Int64(status.st_mtim.tv_nsec),
      file: UInt64(status.st_ino), standing: standing)
  }

  private static func name(_ path: String) -> String { FileSystem.name(of: path) }
}
