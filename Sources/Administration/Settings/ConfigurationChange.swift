import Common
import FoundationEssentials
import Glibc

/// Configuration files that change together, with an undo.
///
/// The old files are copied first, then a record with the copies is written, then the files are replaced. ``undo(in:)``
/// restores the old files after an interruption at any point.
struct ConfigurationChange {
  struct Note: Codable, Equatable {
    struct File: Codable, Equatable {
      var path: String
      var copy: String
      /// SHA-256 of the written content.
      var written: String
    }

    var made: String
    var files: [File]
  }

  static let noteName = ".settings-before.json"

  /// Replaces files.
  ///
  /// - Parameter folder: the server's configuration folder, which gets the record.
  /// - Returns: the copies of the old files.
  static func apply(_ changes: [(file: ConfigurationFile, bytes: [UInt8])], folder: String) throws -> [String] {
    let stamp = String(Timestamp.iso(microseconds: Timestamp.now()).filter(\.isNumber).prefix(14))
    var note = Note(made: Timestamp.iso(microseconds: Timestamp.now()), files: [])
    var copies: [String] = []
    do {
      for change in changes {
        let copy = unused("\(change.file.path).before-\(stamp)")
        try change.file.copy(to: copy)
        copies.append(copy)
        note.files.append(
          Note.File(path: change.file.path, copy: copy, written: Digest.hexadecimal(change.bytes)))
      }
      try FileSystem.replace("\(folder)/\(noteName)", with: Array(try JSONEncoder().encode(note)))
      if let file = changes.first?.file { give("\(folder)/\(noteName)", toOwnerOf: file.path) }
    } catch {
      copies.forEach { unlink($0) }
      throw error
    }
    var replaced: [ConfigurationFile] = []
    do {
      for change in changes {
        try change.file.replace(with: change.bytes)
        replaced.append(change.file)
      }
    } catch {
      // All files are replaced, or none.
      for file in replaced { try file.replace(with: file.bytes) }
      unlink("\(folder)/\(noteName)")
      copies.forEach { unlink($0) }
      throw error
    }
    return copies
  }

  /// The server's own backup command runs as its user and fails if it cannot read a file among the settings.
  private static func give(_ path: String, toOwnerOf file: String) {
    var status = stat()
    guard geteuid() == 0, stat(file, &status) == 0 else { return }
    lchown(path, status.st_uid, status.st_gid)
  }

  /// Returns the last change that can be undone; nil without one.
  static func last(in folder: String) throws -> Note? {
    guard FileSystem.exists("\(folder)/\(noteName)") else { return nil }
    return try? JSONDecoder().decode(Note.self, from: Data(FileSystem.read("\(folder)/\(noteName)", limit: 1 << 20)))
  }

  /// Returns the files that were edited since the change.
  static func edited(_ note: Note) throws -> [String] {
    try note.files.compactMap { file in
      let now = Digest.hexadecimal(try FileSystem.read(file.path))
      let old = Digest.hexadecimal(try FileSystem.read(file.copy))
      return now == file.written || now == old ? nil : file.path
    }
  }

  /// Restores the old files, and keeps the copies.
  static func undo(_ note: Note, in folder: String) throws {
    for file in note.files {
      let old = try ConfigurationFile(file.copy)
      try ConfigurationFile(file.path).replace(with: old.bytes)
    }
    unlink("\(folder)/\(noteName)")
  }

  private static func unused(_ path: String) -> String {
    var candidate = path
    var number = 2
    while FileSystem.exists(candidate) {
      candidate = "\(path)-\(number)"
      number += 1
    }
    return candidate
  }
}
