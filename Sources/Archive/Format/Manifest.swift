import Common
import FoundationEssentials
import Glibc

/// The description that archives of this program contain: source, content, and omissions.
///
/// It is the last member, `manifest.json`, and lists all other members. Unknown keys are ignored, so that later
/// versions can add some.
public struct Manifest: Codable, Sendable, Equatable {
  public static let fileName = "manifest.json"
  public static let formatName = "aloha-wizard-archive"
  public static let currentVersion = 1

  public struct Kind: RawRepresentable, Codable, Sendable, Hashable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let organizationExport = Kind(rawValue: "organization-export")
    public static let backup = Kind(rawValue: "backup")
  }

  /// The server of the archive.
  public struct Source: Codable, Sendable, Equatable {
    public var serverVersion: String?
    public var featureLevel: Int?
    /// "aloha" or "zulip".
    public var brand: String
    public var hostname: String?
    public var postgresVersion: String?

    public init(
      serverVersion: String? = nil, featureLevel: Int? = nil, brand: String, hostname: String? = nil,
      postgresVersion: String? = nil
    ) {
      self.serverVersion = serverVersion
      self.featureLevel = featureLevel
      self.brand = brand
      self.hostname = hostname
      self.postgresVersion = postgresVersion
    }
  }

  public struct Organization: Codable, Sendable, Equatable {
    public var subdomain: String
    public var name: String

    public init(subdomain: String, name: String) {
      self.subdomain = subdomain
      self.name = name
    }
  }

  /// A file that should be in the archive and is not.
  public struct Skipped: Codable, Sendable, Equatable {
    public var name: String
    public var reason: String

    public init(name: String, reason: String) {
      self.name = name
      self.reason = reason
    }
  }

  /// Rows that belong to the archived data and are omitted on purpose.
  ///
  /// The rows of the archive and these are all rows of the organization at that time.
  public struct LeftOut: Codable, Sendable, Equatable {
    public var table: String
    public var reason: String
    public var count: Int64

    public init(table: String, reason: String, count: Int64) {
      self.table = table
      self.reason = reason
      self.count = count
    }
  }

  /// Values that the format cannot express, and that the archive contains in another form.
  public struct Changed: Codable, Sendable, Equatable {
    public var table: String
    public var column: String
    public var reason: String
    public var count: Int64

    public init(table: String, column: String, reason: String, count: Int64) {
      self.table = table
      self.column = column
      self.reason = reason
      self.count = count
    }
  }

  public var format = formatName
  public var formatVersion = currentVersion
  /// The name and version of the program.
  public var program: String
  /// ISO 8601, in UTC; see ``timestamp(_:)``.
  public var created: String
  public var kind: Kind
  public var source: Source
  public var organization: Organization?
  /// The number of rows of each table.
  public var tables: [String: Int64]
  public var options: [String: String]
  public var skipped: [Skipped]
  /// Empty in archives of earlier versions, which did not count these rows.
  public var leftOut: [LeftOut]
  public var changed: [Changed]
  /// The member with the migrations of the source.
  public var migrations: String?
  /// All members except the manifest; filled in by the writer.
  public var members: [Member]

  public init(
    program: String, created: String = Manifest.timestamp(Int64(time(nil))), kind: Kind, source: Source,
    organization: Organization? = nil, tables: [String: Int64] = [:], options: [String: String] = [:],
    skipped: [Skipped] = [], leftOut: [LeftOut] = [], changed: [Changed] = [], migrations: String? = nil,
    members: [Member] = []
  ) {
    self.program = program
    self.created = created
    self.kind = kind
    self.source = source
    self.organization = organization
    self.tables = tables
    self.options = options
    self.skipped = skipped
    self.leftOut = leftOut
    self.changed = changed
    self.migrations = migrations
    self.members = members
  }

  /// Informative notes are decoded as far as possible: they are no reason to refuse an archive.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    format = try values.decode(String.self, forKey: .format)
    formatVersion = try values.decode(Int.self, forKey: .formatVersion)
    program = try values.decode(String.self, forKey: .program)
    created = try values.decode(String.self, forKey: .created)
    kind = try values.decode(Kind.self, forKey: .kind)
    source = try values.decode(Source.self, forKey: .source)
    organization = try values.decodeIfPresent(Organization.self, forKey: .organization)
    tables = try values.decode([String: Int64].self, forKey: .tables)
    options = try values.decode([String: String].self, forKey: .options)
    skipped = try values.decode([Skipped].self, forKey: .skipped)
    leftOut = (try? values.decode([LeftOut].self, forKey: .leftOut)) ?? []
    changed = (try? values.decode([Changed].self, forKey: .changed)) ?? []
    migrations = try values.decodeIfPresent(String.self, forKey: .migrations)
    members = try values.decode([Member].self, forKey: .members)
  }

  /// Returns seconds since 1970 as "2026-01-31T12:00:00Z".
  public static func timestamp(_ seconds: Int64) -> String {
    var moment = time_t(seconds)
    var parts = tm()
    gmtime_r(&moment, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
      + "T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
  }
}

// MARK: - JSON

extension Manifest {
  /// Returns the JSON with sorted keys, one line per key and member, so that it can be read and compared.
  public func encoded() throws -> [UInt8] {
    var text: [UInt8] = []
    try encode { text.append(contentsOf: $0) }
    return text
  }

  /// Writes the JSON in pieces: a large manifest is never completely in memory.
  func encode(to sink: ([UInt8]) throws -> Void) throws {
    var head = self
    head.members = []
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    let text = Array(try encoder.encode(head))
    let empty = Array("\"members\" : [\n\n  ]".utf8)
    guard let hole = Self.find(empty, in: text) else {
      throw PlainFailure(.unexpected, Self.fileName, "could not be written")
    }
    try sink(Array(text[..<hole]) + Array("\"members\" : [".utf8))
    for (index, member) in members.enumerated() {
      var line = Array(index == 0 ? "\n    {\"name\":".utf8 : ",\n    {\"name\":".utf8)
      Self.append(member.name, to: &line)
      line.append(contentsOf: ",\"sha256\":\"\(member.sha256.hexadecimal)\",\"size\":\(member.size)}".utf8)
      try sink(line)
    }
    try sink(Array("\n  ]".utf8) + Array(text[(hole + empty.count)...]) + [UInt8(ascii: "\n")])
  }

  /// Decodes a manifest.
  ///
  /// - Returns: nil if the text is JSON without a manifest of this program.
  /// - Throws: if it is not JSON, is incomplete, or has an unknown version.
  public static func decode(_ bytes: [UInt8], archive: String) throws -> Manifest? {
    struct Head: Decodable {
      var format: String?
      var formatVersion: Int?
    }
    let data = Data(bytes)
    let decoder = JSONDecoder()
    guard let head = try? decoder.decode(Head.self, from: data) else {
      throw ArchiveFailure(archive, .damaged("\(fileName) is not readable"))
    }
    guard head.format == formatName else { return nil }
    guard let version = head.formatVersion, version > 0 else {
      throw ArchiveFailure(archive, .damaged("\(fileName) does not say of which version it is"))
    }
    guard version <= currentVersion else {
      throw ArchiveFailure(
        archive,
        .unsuitable("it was made by a later version of this program", remedy: "use that version to read it"))
    }
    guard let manifest = try? decoder.decode(Manifest.self, from: data) else {
      throw ArchiveFailure(archive, .damaged("\(fileName) lacks what it must have"))
    }
    if let fault = manifest.fault { throw ArchiveFailure(archive, .damaged("\(fileName): \(fault)")) }
    return manifest
  }

  /// The first impossible number or name: all others can be added and used without checks.
  private var fault: String? {
    func shown(_ name: String) -> String { "\"\(SafeText.clean(name, limit: .line))\"" }
    if let level = source.featureLevel, !(0...1_000_000_000).contains(level) {
      return "there is no feature level \(level)"
    }
    var rows: Int64 = 0
    for (table, count) in tables.sorted(by: { $0.key < $1.key }) {
      guard count >= 0, count <= Self.most - rows else { return "the table \(shown(table)) cannot have \(count) rows" }
      rows += count
    }
    var bytes: Int64 = 0
    for member in members {
      guard MemberName.refusal(member.name) == nil else { return "\(shown(member.name)) is no name of a member" }
      guard member.size >= 0, member.size <= Self.most - bytes else {
        return "\(shown(member.name)) cannot have \(member.size) bytes"
      }
      bytes += member.size
    }
    return nil
  }

  /// The maximum for rows of all tables, and for bytes of all members.
  private static let most: Int64 = 1 << 60

  private static func find(_ needle: [UInt8], in text: [UInt8]) -> Int? {
    guard text.count >= needle.count else { return nil }
    return (0...text.count - needle.count).first { text[$0..<$0 + needle.count].elementsEqual(needle) }
  }

  private static func append(_ text: String, to result: inout [UInt8]) {
    result.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): result.append(contentsOf: [UInt8(ascii: "\\"), byte])
      case 0..<0x20: result.append(contentsOf: "\\u00\(Hexadecimal.encode([byte]))".utf8)
      default: result.append(byte)
      }
    }
    result.append(UInt8(ascii: "\""))
  }
}
