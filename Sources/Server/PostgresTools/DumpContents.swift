import Common
import Glibc

/// The output of `pg_restore --list` for a dump, without its rows.
public struct DumpContents: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    /// The line as `pg_restore --use-list` accepts it.
    public let line: String
    /// For example "TABLE DATA", "EXTENSION", "TEXT SEARCH DICTIONARY".
    public let kind: String
    /// The schema; "-" without one.
    public let schema: String
    public let name: String
    /// Empty without one.
    public let owner: String
  }

  /// The database that was dumped.
  public var database: String?
  /// The major version of the server that was dumped.
  public var serverMajor: Int?
  public var serverVersion: String?
  /// The version of the pg_dump that made the dump: older programs may not be able to read it.
  public var clientVersion: String?
  public var clientMajor: Int? { clientVersion.flatMap(PostgresTools.majorVersion) }
  /// By the clock of the machine that made it, without its zone: "2026-11-23 03:30:00 UTC", where the zone is that of
  /// the reading program.
  public var created: String?
  public var entries: [Entry] = []
  /// The requirements of its definitions, which the table of contents does not contain; nil if they could not be read.
  package var schema: PlainContents?

  public var extensions: [String] { entries.filter { $0.kind == "EXTENSION" }.map(\.name) }
  /// The roles that own something in it.
  public var owners: [String] { Set(entries.map(\.owner)).subtracting([""]).sorted() }
  public var tables: [Entry] { entries.filter { $0.kind == "TABLE DATA" } }

  /// Kinds of more than one word: the longest match determines where the schema begins.
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

  /// Reads the table of contents with pg_restore, which needs only the dump and no database.
  ///
  /// - Parameter user: the system user to run as; nil for the current user.
  /// - Throws: ``ToolFailure`` if pg_restore cannot read the dump.
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

  /// Returns the requirements of the definitions, as pg_restore would execute them, without rows.
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
    if line.hasPrefix(mark), created == nil { created = SafeText.clean(line.dropFirst(mark.count), limit: .word) }
    guard let colon = line.range(of: ": ") else { return }
    let key = line[..<colon.lowerBound].drop { $0 == ";" || $0 == " " }
    let value = SafeText.clean(line[colon.upperBound...], limit: .line)
    switch key {
    case "dbname": database = value
    case "Dumped from database version":
      serverVersion = value
      serverMajor = PostgresTools.majorVersion(value)
    case "Dumped by pg_dump version": clientVersion = value
    default: break
    }
  }

  /// Parses a line such as `3402; 0 16391 TABLE DATA zulip zerver_message zulip`.
  private static func entry(_ line: Substring) -> Entry? {
    guard let semicolon = line.firstIndex(of: ";") else { return nil }
    let words = line[semicolon...].split(separator: " ", omittingEmptySubsequences: false)
    // The semicolon, two numbers, then the kind.
    guard words.count >= 6 else { return nil }
    let rest = words[3...].joined(separator: " ")
    let kind = longKinds.first { rest.hasPrefix($0 + " ") } ?? String(words[3])
    let parts = rest.dropFirst(kind.count + 1).split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count >= 2 else { return nil }
    // Names may contain spaces; the schema is the first word, and the owner the last, empty for an extension.
    return Entry(
      line: String(line), kind: kind, schema: String(parts[0]),
      name: parts.count > 2 ? parts[1..<(parts.count - 1)].joined(separator: " ") : String(parts[1]),
      owner: parts.count > 2 ? String(parts[parts.count - 1]) : "")
  }
}

extension Substring {
  /// Returns the first range of `text`; avoids a dependency on FoundationEssentials.
  fileprivate func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
