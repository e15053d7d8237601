import Common
import Glibc

/// What `pg_restore --list` says about a dump, without reading its rows.
public struct DumpContents: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    /// The line as pg_restore takes it back with `--use-list`.
    public let line: String
    /// "TABLE DATA", "EXTENSION", "TEXT SEARCH DICTIONARY".
    public let kind: String
    /// The schema; "-" where there is none.
    public let schema: String
    public let name: String
    /// Empty where there is none.
    public let owner: String
  }

  /// The database it was made of.
  public var database: String?
  /// The major version of the server that it was made of.
  public var serverMajor: Int?
  public var serverVersion: String?
  /// The version of the pg_dump that made it: older programs may not be able to read it.
  public var clientVersion: String?
  public var clientMajor: Int? { clientVersion.flatMap(PostgresTools.majorVersion) }
  /// By the clock of the machine that made it, without its zone: "2026-11-23 03:30:00 UTC", the zone being the reader's.
  public var created: String?
  public var entries: [Entry] = []
  /// What its definitions ask for, which the table of contents alone does not tell; nil where they could not be read.
  var schema: PlainContents?

  public var extensions: [String] { entries.filter { $0.kind == "EXTENSION" }.map(\.name) }
  /// Roles that own something in it.
  public var owners: [String] { Set(entries.map(\.owner)).subtracting([""]).sorted() }
  public var tables: [Entry] { entries.filter { $0.kind == "TABLE DATA" } }

  /// Kinds of more than one word: the longest that fits decides where the schema begins.
  private static let longKinds = [
    "TABLE DATA", "TABLE ATTACH", "SEQUENCE SET", "SEQUENCE OWNED BY", "FK CONSTRAINT", "CHECK CONSTRAINT",
    "INDEX ATTACH", "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE",
    "EVENT TRIGGER", "MATERIALIZED VIEW DATA", "MATERIALIZED VIEW", "DEFAULT ACL", "FOREIGN TABLE", "FOREIGN SERVER",
    "FOREIGN DATA WRAPPER", "USER MAPPING", "OPERATOR CLASS", "OPERATOR FAMILY", "ACCESS METHOD", "ROW SECURITY",
    "BLOB METADATA", "DATABASE PROPERTIES", "PUBLICATION TABLES IN SCHEMA", "PUBLICATION TABLE", "PROCEDURAL LANGUAGE",
    "SECURITY LABEL", "SUBSCRIPTION TABLE",
  ]

  public init(listing: String) {
    for line in listing.split(separator: "\n") {
      if line.first == ";" { readHeader(line) } else if let entry = Self.entry(line) { entries.append(entry) }
    }
  }

  /// Asks pg_restore. It needs nothing but the dump: no database.
  ///
  /// - Parameter user: the system user to run as; nil for this one.
  public static func read(_ dump: String, tools: PostgresTools, user: String? = nil) throws -> DumpContents {
    let result = try Subprocess(
      tools.path("pg_restore"), ["--list", dump], directory: "/", user: user
    ).run()
    guard result.status == 0 else {
      throw ToolFailure(program: "pg_restore", status: result.status, said: result.output)
    }
    var contents = DumpContents(listing: result.output)
    contents.schema = try? schema(dump, tools: tools, user: user)
    return contents
  }

  /// The definitions as SQL, without rows: what pg_restore would carry out.
  private static func schema(_ dump: String, tools: PostgresTools, user: String?) throws -> PlainContents? {
    let pipe = try Handshake.pipe("pg_restore")
    defer { close(pipe.read) }
    let child: pid_t
    do {
      defer { close(pipe.write) }
      let script = "exec \"$0\" --schema-only --file=- -- \"$1\" 2>/dev/null"
      child = try Subprocess("/bin/sh", ["-c", script, tools.path("pg_restore"), dump], directory: "/", user: user)
        .start(output: pipe.write)
    }
    let contents = PlainContents.read(pipe.read)
    return Subprocess.wait(child) == 0 ? contents : nil
  }

  private mutating func readHeader(_ line: Substring) {
    let mark = "; Archive created at "
    if line.hasPrefix(mark), created == nil { created = SafeText.clean(line.dropFirst(mark.count), limit: 60) }
    guard let colon = line.range(of: ": ") else { return }
    let key = line[..<colon.lowerBound].drop { $0 == ";" || $0 == " " }
    let value = SafeText.clean(line[colon.upperBound...], limit: 200)
    switch key {
    case "dbname": database = value
    case "Dumped from database version":
      serverVersion = value
      serverMajor = PostgresTools.majorVersion(value)
    case "Dumped by pg_dump version": clientVersion = value
    default: break
    }
  }

  /// `3402; 0 16391 TABLE DATA zulip zerver_message zulip`
  private static func entry(_ line: Substring) -> Entry? {
    guard let semicolon = line.firstIndex(of: ";") else { return nil }
    let words = line[semicolon...].split(separator: " ", omittingEmptySubsequences: false)
    // The semicolon, two numbers, then the kind.
    guard words.count >= 6 else { return nil }
    let rest = words[3...].joined(separator: " ")
    let kind = longKinds.first { rest.hasPrefix($0 + " ") } ?? String(words[3])
    let parts = rest.dropFirst(kind.count + 1).split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count >= 2 else { return nil }
    // Names may hold spaces; the schema is the first word, the owner the last, and empty for an extension.
    return Entry(
      line: String(line), kind: kind, schema: String(parts[0]),
      name: parts.count > 2 ? parts[1..<(parts.count - 1)].joined(separator: " ") : String(parts[1]),
      owner: parts.count > 2 ? String(parts[parts.count - 1]) : "")
  }
}

extension Substring {
  /// The first place of `text`; FoundationEssentials is not needed for it.
  fileprivate func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
