import Common
import FoundationEssentials
import JSON
import Operations
import Server

/// The records of an import for later questions: the map of all ids, and the report.
struct ImportRecord {
  let folder: String

  /// Writes `id-map.jsonl`: one line per row, `{"table":"zerver_userprofile","old":10,"new":36}`, by table, ascending.
  func write(_ maps: [String: IDMap]) throws {
    try FileSystem.makeFolder(folder)
    let lines = JSONBuffer(capacity: 1 << 20)
    for (table, map) in maps.sorted(by: { $0.key < $1.key }) where table != TableName.namedUserGroup {
      for pair in map.pairs {
        lines.raw("{\"table\":\"")
        lines.raw(Array(table.utf8))
        lines.raw("\",\"old\":")
        lines.integer(pair.old)
        lines.raw(",\"new\":")
        lines.integer(pair.new)
        lines.raw("}\n")
      }
    }
    try FileSystem.replace("\(folder)/id-map.jsonl", with: lines.bytes)
  }

  /// Returns the id of the organization that the import has made.
  func organization() throws -> Int64? {
    struct Pair: Decodable {
      let table: String
      let new: Int64
    }
    let map = String(decoding: try FileSystem.read("\(folder)/id-map.jsonl", limit: 1 << 30), as: UTF8.self)
    let line = map.split(separator: "\n").first { $0.hasPrefix("{\"table\":\"zerver_realm\",") }
    return try line.map { try JSONDecoder().decode(Pair.self, from: Data($0.utf8)).new }
  }

  /// `report.json`: the summary as it was shown.
  func write(_ summary: Summary) throws {
    try FileSystem.makeFolder(folder)
    try FileSystem.replace("\(folder)/report.json", with: Array((EventLine.encode(.finished(summary)) + "\n").utf8))
  }
}
