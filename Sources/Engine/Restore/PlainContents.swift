import Common

/// What a dump in plain SQL asks for, as far as it can be refused or changed: the counterpart of ``DumpContents`` for
/// dumps without a table of contents.
struct PlainContents: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    /// `SET name = …`
    case setting(String)
    case makesExtension(String)
    case commentOnExtension(String)
    case commentOnPublicSchema
    /// `ALTER … OWNER TO role`; the text up to the role.
    case owner(String, statement: String)
    /// `GRANT`, `REVOKE`, and `ALTER DEFAULT PRIVILEGES FOR ROLE role`.
    case privileges(role: String?)
    /// `SET SESSION AUTHORIZATION`; nil is the default one.
    case session(String?)
    /// Something that only a superuser may make: "event trigger audit".
    case superuserObject(String)
  }

  struct Item: Sendable, Equatable {
    let range: Range<Int64>
    let kind: Kind
  }

  /// The version of the pg_dump that wrote it.
  var clientVersion: String?
  /// The version of the server that it was made of.
  var serverVersion: String?
  /// When pg_dump began, by its own clock; only where it was asked to say more.
  var started: String?
  var items: [Item] = []

  var settings: [String] { distinct { if case .setting(let name) = $0 { name } else { nil } } }
  var extensions: [String] { distinct { if case .makesExtension(let name) = $0 { name } else { nil } } }
  /// Roles that own something in it; empty where it was made without owners.
  var owners: [String] {
    distinct {
      switch $0 {
      case .owner(let role, _): role
      case .session(let role): role
      default: nil
      }
    }
  }

  private func distinct(_ name: (Kind) -> String?) -> [String] { Set(items.compactMap { name($0.kind) }).sorted() }

  // MARK: Reading

  mutating func take(comment: String) {
    func value(_ mark: String) -> String? {
      comment.hasPrefix(mark) ? SafeText.clean(comment.dropFirst(mark.count), limit: 60) : nil
    }
    clientVersion = clientVersion ?? value(" Dumped by pg_dump version ")
    serverVersion = serverVersion ?? value(" Dumped from database version ")
    started = started ?? value(" Started on ")
  }

  mutating func take(_ statement: SQLStatement) {
    // Dumps can hold millions of INSERT: only what begins in one of these ways is looked at.
    switch statement.text.first.map({ $0 | 0x20 }) {
    case UInt8(ascii: "s"), UInt8(ascii: "c"), UInt8(ascii: "a"), UInt8(ascii: "g"), UInt8(ascii: "r"): break
    default: return
    }
    guard let kind = Self.kind(of: SQLWords(statement.text), statement.text) else { return }
    items.append(Item(range: statement.range, kind: kind))
  }

  private static func kind(of words: SQLWords, _ text: [UInt8]) -> Kind? {
    switch words.words.first {
    case .word("set")?:
      if words.begins("set", "session", "authorization") {
        let name = words.name(at: 3) ?? quoted(text)
        return .session(name == "default" ? nil : name)
      }
      // With a dot it is a setting of an extension, which every PostgreSQL takes.
      guard let name = words.name(at: 1), words.words.count > 3, isAssignment(words) else { return nil }
      return .setting(name)
    case .word("create")?: return made(words)
    case .word("comment")?:
      if words.begins("comment", "on", "extension") { return words.name(at: 3).map { .commentOnExtension($0) } }
      return words.begins("comment", "on", "schema") && words.name(at: 3) == "public" ? .commentOnPublicSchema : nil
    case .word("grant")?, .word("revoke")?: return .privileges(role: nil)
    case .word("alter")?:
      if words.begins("alter", "default", "privileges") {
        return .privileges(
          role: words.begins("alter", "default", "privileges", "for", "role") ? words.name(at: 5) : nil)
      }
      return owner(words, text)
    default: return nil
    }
  }

  private static func isAssignment(_ words: SQLWords) -> Bool {
    !words.begins("set", "session") && !words.begins("set", "local")
      && (words.words[2] == .word("to") || words.words[2] == .sign(UInt8(ascii: "=")))
  }

  private static func made(_ words: SQLWords) -> Kind? {
    if words.begins("create", "extension", "if", "not", "exists") {
      return words.name(at: 5).map { .makesExtension($0) }
    }
    if words.begins("create", "extension") { return words.name(at: 2).map { .makesExtension($0) } }
    let kinds: [[String]] = [
      ["event", "trigger"], ["foreign", "data", "wrapper"], ["subscription"], ["access", "method"],
      ["text", "search", "parser"], ["text", "search", "template"], ["operator", "class"], ["operator", "family"],
      ["procedural", "language"], ["language"],
    ]
    for kind in kinds {
      let part = words.words.dropFirst().prefix(kind.count)
      guard part.elementsEqual(kind.map { SQLWords.Word.word($0) }) else { continue }
      return .superuserObject(
        "\(kind.joined(separator: " ")) \(SafeText.clean(named(words, kind.count + 1), limit: 80))")
    }
    return nil
  }

  /// A name, its schema left out.
  private static func named(_ words: SQLWords, _ index: Int) -> String {
    if words.words.indices.contains(index + 1), words.words[index + 1] == .sign(UInt8(ascii: ".")),
      let name = words.name(at: index + 2), words.name(at: index) != nil
    {
      return name
    }
    return words.name(at: index) ?? "?"
  }

  private static func owner(_ words: SQLWords, _ text: [UInt8]) -> Kind? {
    // The last word is the semicolon.
    let count = words.words.count
    guard count > 5, text.count < SQLStatementScanner.longestText, words.words[count - 4] == .word("owner"),
      words.words[count - 3] == .word("to"), let role = words.name(at: count - 2)
    else { return nil }
    let whole = String(decoding: text, as: UTF8.self)
    guard let place = whole.ranges(of: " OWNER TO ").last?.upperBound else { return nil }
    return .owner(role, statement: String(whole[..<place]))
  }

  /// What stands between single quotes.
  private static func quoted(_ text: [UInt8]) -> String? {
    let parts = text.split(separator: UInt8(ascii: "'"), omittingEmptySubsequences: false)
    return parts.count > 2 ? String(decoding: parts[1], as: UTF8.self) : nil
  }
}
