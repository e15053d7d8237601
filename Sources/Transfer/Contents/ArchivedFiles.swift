/// The files of an export, as listed by the archive itself, by their records, and by rows.
package struct ArchivedFiles {
  private struct Known {
    /// The size of the file in bytes; nil if the archive lacks it.
    var size: Int64?
    var recordedSize: Int64?
    var isRecorded = false
    var isNeeded = false
  }

  static let kinds = ["uploads", "avatars", "emoji", "realm_icons"]

  private var files: [[UInt8]: Known] = [:]
  private var emojiFiles: Set<String> = []
  private var emojiRecords: Set<String> = []
  package private(set) var count: Int64 = 0
  package private(set) var bytes: Int64 = 0

  /// Adds a file of the archive by its full name.
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

  /// Adds the file of an attachment's row.
  mutating func needed(upload path: String) { files[Array("uploads/\(path)".utf8), default: Known()].isNeeded = true }

  /// Adds the file of a custom emoji's row.
  mutating func needed(emoji file: String) { emojiFiles.insert(file) }

  /// - Parameter skipped: the names of the files that the manifest reports as missing.
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
