import Archive
import Server

/// The documents of an export that contain rows: the present and the missing ones.
struct DocumentList {
  private var names: Set<String> = []
  private var shards: Set<Int> = []
  /// Files that appear to contain messages but that no import reads.
  private var strayMessages: [String] = []

  static let required = ["realm.json", "attachment.json", "uploads/records.json", "avatars/records.json"]
  private static let shown = 10

  /// Adds a member of the archive.
  ///
  /// - Returns: the kind of the rows that it contains; nil if it contains none.
  @discardableResult
  mutating func add(_ name: String) -> TableRule.Document? {
    names.insert(name)
    if name.hasPrefix("messages-") {
      guard let number = Self.shard(name) else {
        strayMessages.append(name)
        return nil
      }
      shards.insert(number)
      return .messages
    }
    return TableRule.Document.allCases.first { $0 != .messages && $0.rawValue == name }
  }

  /// Returns the number of a message file; nil if its name is not in the server's form.
  static func shard(_ name: String) -> Int? {
    guard name.hasPrefix("messages-"), name.hasSuffix(".json"), name.utf8.count < 40,
      let number = Int(name.dropFirst("messages-".count).dropLast(".json".count)), number > 0,
      MessageShards.name(number) == name
    else { return nil }
    return number
  }

  func check(_ findings: inout ContentFindings) {
    for name in Self.required where !names.contains(name) { findings.problem("documents", "\(name) is missing") }
    for name in strayMessages.sorted() {
      findings.problem(
        "documents", "\(name) is not a message file that an import reads: its messages would be lost")
    }
    guard let last = shards.max() else {
      return findings.warning("documents", "\(MessageShards.name(1)) is missing: the archive has no messages")
    }
    var missing: [Int] = []
    var number = 1
    while number < last, missing.count < Self.shown {
      if !shards.contains(number) { missing.append(number) }
      number += 1
    }
    for number in missing { findings.problem("documents", "\(MessageShards.name(number)) is missing") }
  }
}
