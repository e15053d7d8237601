import Common

/// Parses the statements of a dump that name roles or other servers: GRANT, REVOKE, policies, publications and
/// subscriptions.
enum PlainKinds {
  /// Returns the roles of a GRANT or REVOKE without PUBLIC, which is not a role; empty if there is no TO or FROM.
  static func grantees(_ words: SQLWords) -> [String] {
    let all = words.words
    let marks = [SQLWords.Word.word("to"), .word("from")]
    guard let start = all.lastIndex(where: { marks.contains($0) }) else { return [] }
    return roles(words, after: start)
  }

  /// Parses `CREATE POLICY name ON table … TO role, … USING …`.
  static func policy(_ words: SQLWords) -> PlainContents.Kind? {
    guard words.begins("create", "policy"), let name = words.name(at: 2) else { return nil }
    let end = words.words.firstIndex { $0 == .word("using") || $0 == .word("with") } ?? words.words.count
    guard let start = words.words[..<end].firstIndex(of: .word("to")) else { return nil }
    let found = roles(words, after: start)
    return found.isEmpty ? nil : .policy(name, roles: found)
  }

  /// Returns the names between commas.
  private static func roles(_ words: SQLWords, after start: Int) -> [String] {
    var roles: [String] = []
    var index = start + 1
    while index < words.words.count {
      if words.words[index] == .word("group") { index += 1 }
      guard let name = words.name(at: index) else { break }
      if words.words[index] != .word("public") { roles.append(name) }
      guard index + 1 < words.words.count, words.words[index + 1] == .sign(UInt8(ascii: ",")) else { break }
      index += 2
    }
    return roles
  }

  /// Parses any statement about a publication or a subscription: creation, change, new owner, comment.
  static func replication(_ words: SQLWords) -> PlainContents.Kind? {
    let kinds = ["publication", "subscription"]
    for kind in kinds {
      let place: Int
      if words.begins("create", kind) || words.begins("alter", kind) {
        place = 2
      } else if words.begins("comment", "on", kind) {
        place = 3
      } else if words.begins("security", "label"), let index = words.words.firstIndex(of: .word(kind)) {
        place = index + 1
      } else {
        continue
      }
      guard let name = words.name(at: place) else { return nil }
      if kind == "subscription" { return .subscription(name) }
      let isForAll =
        words.words.count > place + 3 && words.begins("create", kind)
        && words.words[place + 1] == .word("for") && words.words[place + 2] == .word("all")
      let isSchema = zip(words.words, words.words.dropFirst()).contains {
        $0 == .word("tables") && $1 == .word("in")
      }
      return .publication(name, needsSuperuser: isForAll || isSchema)
    }
    return nil
  }

  /// Parses `CREATE COLLATION schema.name (provider = icu, …)`.
  static func collation(_ words: SQLWords, _ text: [UInt8]) -> PlainContents.Kind? {
    guard words.begins("create", "collation") else { return nil }
    let all = words.words
    let isQualified = all.count > 4 && all[3] == .sign(UInt8(ascii: "."))
    guard let name = words.name(at: isQualified ? 4 : 2),
      let provider = all.firstIndex(of: .word("provider")).flatMap({ words.name(at: $0 + 2) })
    else { return nil }
    return .collation(name, provider: provider, hasRules: all.contains(.word("rules")))
  }
}
