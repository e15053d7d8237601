import Common
import Glibc

/// The requirements of a dump in plain SQL, as far as they can be refused or changed: the counterpart of
/// ``DumpContents`` for dumps without a table of contents.
package struct PlainContents: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// `SET name = …`
    case setting(String)
    case makesExtension(String)
    case commentOnExtension(String)
    case commentOnPublicSchema
    /// `ALTER … OWNER TO role`, with the text up to the role.
    case owner(String, statement: String)
    /// `GRANT`, `REVOKE`, and `ALTER DEFAULT PRIVILEGES FOR ROLE role`, with the roles that they affect.
    case privileges(role: String?, grantees: [String])
    /// `CREATE POLICY` for some roles.
    case policy(String, roles: [String])
    /// `SET default_tablespace = name`, and a tablespace in the statement of a table or an index.
    case tablespace(String)
    case securityLabel(provider: String)
    /// Any statement about a subscription.
    case subscription(String)
    /// Any statement about a publication, and whether only a superuser can create it.
    case publication(String, needsSuperuser: Bool)
    /// A collation of a provider, with or without custom rules.
    case collation(String, provider: String, hasRules: Bool)
    /// `SET SESSION AUTHORIZATION`; nil is the default.
    case session(String?)
    /// An object that only a superuser may create: "event trigger audit".
    case superuserObject(String)
  }

  package struct Item: Sendable, Equatable {
    package let range: Range<Int64>
    package let kind: Kind
    /// The object in pg_dump's comment before the statement: "TABLE zerver_realm", of the type "ACL".
    package var header: Header?
  }

  /// pg_dump's comment before each object: "Name: TABLE zerver_realm; Type: ACL; Schema: aloha; Owner: aloha".
  package struct Header: Sendable, Hashable {
    let name: String
    let type: String
    let schema: String

    package init(name: String, type: String, schema: String) {
      self.name = name
      self.type = type
      self.schema = schema
    }

    init?(comment: String) {
      let (mark, typeMark, schemaMark) = ("Name: ", "; Type: ", "; Schema: ")
      guard comment.hasPrefix(" " + mark) || comment.hasPrefix(" Data for " + mark),
        let type = comment.ranges(of: typeMark).last, let schema = comment.ranges(of: schemaMark).last,
        let start = comment.ranges(of: mark).first, start.upperBound <= type.lowerBound,
        type.upperBound <= schema.lowerBound
      else { return nil }
      name = String(comment[start.upperBound..<type.lowerBound])
      self.type = String(comment[type.upperBound..<schema.lowerBound])
      self.schema = String(comment[schema.upperBound...].prefix { $0 != ";" })
    }
  }

  /// The version of the pg_dump that wrote it.
  package var clientVersion: String?
  /// The version of the server that was dumped.
  package var serverVersion: String?
  /// When pg_dump began, by its own clock; only in verbose dumps.
  package var started: String?
  /// The encoding of its text: "UTF8".
  package var encoding: String?
  package var items: [Item] = []
  private var header: Header?

  package init(
    clientVersion: String? = nil, serverVersion: String? = nil, started: String? = nil, encoding: String? = nil,
    items: [Item] = [], header: Header? = nil
  ) {
    self.clientVersion = clientVersion
    self.serverVersion = serverVersion
    self.started = started
    self.encoding = encoding
    self.items = items
    self.header = header
  }

  package var serverMajor: Int? { serverVersion.flatMap(PostgresTools.majorVersion) }
  package var settings: [String] { distinct { if case .setting(let name) = $0 { name } else { nil } } }
  package var extensions: [String] { distinct { if case .makesExtension(let name) = $0 { name } else { nil } } }
  /// The roles that own something in it; empty if it was made without owners.
  package var owners: [String] {
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

  package mutating func take(comment: String) {
    if let named = Header(comment: comment) { header = named }
    func value(_ mark: String) -> String? {
      comment.hasPrefix(mark) ? SafeText.clean(comment.dropFirst(mark.count), limit: .word) : nil
    }
    clientVersion = clientVersion ?? value(" Dumped by pg_dump version ")
    serverVersion = serverVersion ?? value(" Dumped from database version ")
    started = started ?? value(" Started on ")
  }

  package mutating func take(_ statement: SQLStatement) {
    // Dumps can contain millions of INSERT statements: only those that begin in one of these ways are examined.
    switch statement.text.first.map({ $0 | 0x20 }) {
    case UInt8(ascii: "s"):
      if encoding == nil, statement.text.count < 200 { encoding = Self.encoding(statement.text) }
    case UInt8(ascii: "c"), UInt8(ascii: "a"), UInt8(ascii: "g"), UInt8(ascii: "r"): break
    default: return
    }
    guard let kind = Self.kind(of: SQLWords(statement.text), statement.text) else { return }
    items.append(Item(range: statement.range, kind: kind, header: header))
  }

  /// Returns the encoding from `SET client_encoding = 'UTF8'`.
  private static func encoding(_ text: [UInt8]) -> String? {
    guard SQLWords(text).begins("set", "client_encoding") else { return nil }
    return quoted(text).map { SafeText.clean($0, limit: .short) }
  }

  private static func kind(of words: SQLWords, _ text: [UInt8]) -> Kind? {
    if let kind = PlainKinds.replication(words) { return kind }
    switch words.words.first {
    case .word("security")?:
      return words.begins("security", "label", "for") ? words.name(at: 3).map { .securityLabel(provider: $0) } : nil
    case .word("set")? where words.begins("set", "default_tablespace"):
      let name = words.name(at: 3) ?? quoted(text) ?? ""
      return name.isEmpty ? nil : .tablespace(name)
    case .word("set")?:
      if words.begins("set", "session", "authorization") {
        let name = words.name(at: 3) ?? quoted(text)
        return .session(name == "default" ? nil : name)
      }
      // A name with a dot is a setting of an extension, which every PostgreSQL accepts.
      guard let name = words.name(at: 1), words.words.count > 3, isAssignment(words) else { return nil }
      return .setting(name)
    case .word("create")?: return PlainKinds.collation(words, text) ?? PlainKinds.policy(words) ?? made(words)
    case .word("comment")?:
      if words.begins("comment", "on", "extension") { return words.name(at: 3).map { .commentOnExtension($0) } }
      return words.begins("comment", "on", "schema") && words.name(at: 3) == "public" ? .commentOnPublicSchema : nil
    case .word("grant")?, .word("revoke")?: return .privileges(role: nil, grantees: PlainKinds.grantees(words))
    case .word("alter")?:
      if words.begins("alter", "default", "privileges") {
        return .privileges(
          role: words.begins("alter", "default", "privileges", "for", "role") ? words.name(at: 5) : nil,
          grantees: PlainKinds.grantees(words))
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
      ["event", "trigger"], ["foreign", "data", "wrapper"], ["access", "method"],
      ["text", "search", "parser"], ["text", "search", "template"], ["operator", "class"], ["operator", "family"],
      ["procedural", "language"], ["language"],
    ]
    for kind in kinds {
      let part = words.words.dropFirst().prefix(kind.count)
      guard part.elementsEqual(kind.map { SQLWords.Word.word($0) }) else { continue }
      return .superuserObject(
        "\(kind.joined(separator: " ")) \(SafeText.clean(named(words, kind.count + 1), limit: .label))")
    }
    return nil
  }

  /// Returns a name without its schema.
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

  /// Reads a script to its end.
  ///
  /// - Parameter file: the caller closes it.
  static func read(_ file: Int32) -> PlainContents? {
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    var statements = SQLStatementScanner()
    var contents = PlainContents()
    while true {
      let count = Glibc.read(file, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { return contents }
      chunk.withUnsafeBytes { whole in
        var found: [(statement: SQLStatement?, comment: String?)] = []
        statements.take(
          UnsafeRawBufferPointer(rebasing: whole[..<count]), found: { found.append(($0, nil)) },
          said: { found.append((nil, $0)) })
        for item in found {
          if let comment = item.comment { contents.take(comment: comment) }
          if let statement = item.statement { contents.take(statement) }
        }
      }
    }
  }

  /// Returns the text between the first single quotes.
  static func quoted(_ text: [UInt8]) -> String? {
    let parts = text.split(separator: UInt8(ascii: "'"), omittingEmptySubsequences: false)
    return parts.count > 2 ? String(decoding: parts[1], as: UTF8.self) : nil
  }
}
