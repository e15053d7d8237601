import Common
import JSON

/// The statistics that the server's own exporter writes beside the rows: `stats.txt`, in later versions `stats.json`.
struct ExportStatistics {
  /// The rows by document and table.
  private(set) var rows: [String: [String: Int64]] = [:]
  /// The records by kind of file.
  private(set) var records: [String: Int64] = [:]

  init(_ name: String, _ bytes: [UInt8]) {
    if name.hasSuffix(".json") { readJSON(name, bytes) } else { readText(bytes) }
  }

  /// Reports a counted but missing document as a problem, and different numbers of rows or records as warnings: the
  /// present data can be used.
  func check(counts: [String: [String: Int64]], records found: [String: Int64], _ findings: inout ContentFindings) {
    for (document, tables) in rows.sorted(by: { $0.key < $1.key }) {
      guard let there = counts[document] else {
        findings.problem("documents", "\(document) is missing, which the statistics count")
        continue
      }
      for (table, rows) in tables.sorted(by: { $0.key < $1.key }) where there[table] ?? 0 != rows {
        findings.warning(table, "has \(there[table] ?? 0) rows in \(document), the statistics say \(rows)")
      }
    }
    for (kind, count) in records.sorted(by: { $0.key < $1.key }) where found[kind] ?? 0 != count {
      findings.warning("files", "\(kind) has \(found[kind] ?? 0) records, the statistics say \(count)")
    }
  }

  /// Reads a line with the name of a document, followed by a line for each table: its number of rows and its name.
  private mutating func readText(_ bytes: [UInt8]) {
    var document = ""
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 1 {
        document = String(words[0].hasSuffix("/records.json") ? words[0] : words[0].split(separator: "/").last ?? "")
      } else if words.count == 2, let count = Int64(words[0]) {
        if words[1] == "records" {
          let parts = document.split(separator: "/")
          if parts.count >= 2 { records[String(parts[parts.count - 2])] = count }
        } else {
          rows[document, default: [:]][String(words[1])] = count
        }
      }
    }
  }

  private mutating func readJSON(_ name: String, _ bytes: [UInt8]) {
    try? bytes.withUnsafeBytes { text in
      var scanner = JSONScanner(text, name: name)
      try scanner.object { scanner, key in
        let key = String(decoding: key, as: UTF8.self)
        guard scanner.peek() == 0x7B else {
          if let count = try scanner.value().int, key.hasSuffix("_records") {
            records[String(key.dropLast("_records".count))] = count
          }
          return
        }
        try scanner.object { scanner, table in
          let table = String(decoding: table, as: UTF8.self)
          // Later versions count the characters of this value beside their tables.
          if let count = try scanner.value().int, table != "import_source" {
            rows["\(key).json", default: [:]][table] = count
          }
        }
      }
    }
  }
}
