import JSON

/// `stats.json`, as the exporters of versions 10 and later write it: the number of rows of each table in each document,
/// and the number of records of each kind of file.
struct StatisticsDocument {
  static let fileName = "stats.json"

  /// The rows of each table, by document without its extension.
  private(set) var documents: [String: [String: Int64]] = [:]
  /// The entries of `records.json` by kind of file.
  var records: [String: Int64] = [:]

  mutating func add(_ document: String, _ rows: [String: Int64]) {
    let name = document.hasSuffix(".json") ? String(document.dropLast(5)) : document
    documents[name] = rows
  }

  /// Returns one JSON object, in the order of the official exporter.
  func encoded() -> [UInt8] {
    let output = JSONBuffer()
    var isFirst = true
    func key(_ name: String) {
      output.raw(isFirst ? "{\n" : ",\n")
      isFirst = false
      output.string(name)
      output.byte(0x3A)
    }
    for (document, tables) in documents.sorted(by: { $0.key < $1.key }) {
      key(document)
      output.byte(0x7B)
      for (index, table) in tables.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { output.byte(0x2C) }
        output.string(table.key)
        output.byte(0x3A)
        output.integer(table.value)
      }
      output.byte(0x7D)
    }
    for kind in ["avatars", "uploads", "emoji", "realm_icons"] {
      key("\(kind)_records")
      output.integer(records[kind] ?? 0)
    }
    output.raw("\n}\n")
    return Array(output.bytes)
  }
}
