/// The files of an export, and who speaks of them: the archive itself, the records beside them, the rows.
struct ArchivedFiles {
  private struct Known {
    /// Bytes of the file; nil where the archive has none.
    var size: Int64?
    var recordedSize: Int64?
    var isRecorded = false
    var isNeeded = false
  }

  static let kinds = ["uploads", "avatars", "emoji", "realm_icons"]

  private var files: [[UInt8]: Known] = [:]
  private var emojiFiles: Set<String> = []
  private var emojiRecords: Set<String> = []
  private(set) var count: Int64 = 0
  private(set) var bytes: Int64 = 0

  /// A file of the archive, by its whole name there.
  mutating func found(_ name: String, size: Int64) {
    files[Array(name.utf8), default: Known()].size = size
    count += 1
    bytes = bytes.addingReportingOverflow(size).partialValue
  }

  mutating func recorded(_ kind: String, path: String, size: Int64?, emoji: String?) {
    let name = Array("\(kind)/\(path)".utf8)
    files[name, default: Known()].isRecorded = true
    if let size { files[name]?.recordedSize = size }
    if let emoji { emojiRecords.insert(emoji) }
  }

  /// A row of the attachments.
  mutating func needed(upload path: String) { files[Array("uploads/\(path)".utf8), default: Known()].isNeeded = true }

  /// A row of the custom emoji.
  mutating func needed(emoji file: String) { emojiFiles.insert(file) }

  /// - Parameter skipped: names of files that the manifest says are missing.
  func check(skipped: Set<String>, _ findings: inout ContentFindings) {
    for (key, file) in files.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      let name = String(decoding: key, as: UTF8.self)
      if file.size == nil, file.isRecorded || file.isNeeded {
        if skipped.contains(name) { continue }
        let consequence = name.hasPrefix("uploads/") ? ", at which the server's own export stops" : ""
        findings.warning("files", "\(quoted(name)) is missing: an import leaves a broken link\(consequence)")
      } else if let size = file.size, let recorded = file.recordedSize, size != recorded {
        findings.warning("files", "\(quoted(name)) has \(size) bytes, its record says \(recorded)")
      } else if file.isNeeded && !file.isRecorded {
        findings.warning("files", "\(quoted(name)) has no record")
      } else if file.size != nil && !file.isRecorded {
        findings.warning("files", "\(quoted(name)) has no record: an import leaves it behind")
      } else if name.hasPrefix("uploads/"), file.isRecorded, !file.isNeeded {
        findings.warning("files", "\(quoted(name)) has no row among the attachments")
      }
    }
    for emoji in emojiFiles.subtracting(emojiRecords) where !skipped.contains(where: { $0.hasSuffix("/\(emoji)") }) {
      findings.warning("files", "the custom emoji \(quoted(emoji)) has no picture")
    }
  }

  private func quoted(_ name: String) -> String { "\"\(name)\"" }
}
