import Archive
import Common

/// What an archive is, where it comes from and what is in it, after reading it once. Nothing is unpacked to the disk.
///
/// Texts are cleaned for a terminal.
public struct ArchiveSummary: Sendable, Encodable, Equatable {
  public struct Organization: Sendable, Encodable, Equatable {
    public var name: String
    public var subdomain: String
    public var isDeactivated: Bool?
  }

  public struct Source: Sendable, Encodable, Equatable {
    public var brand: String?
    public var serverVersion: String?
    public var featureLevel: Int?
    public var postgresVersion: String?
    public var host: String?
    /// The newest migration of each app.
    public var migrations: [String: String] = [:]
  }

  public struct Part: Sendable, Encodable, Equatable {
    public var files: Int
    public var bytes: Int64
  }

  public var path: String
  /// "our-export", "official-export", "backup", "other".
  public var kind: String
  public var description: String
  /// What can be done with it.
  public var advice: String
  public var bytes: Int64
  public var members: Int
  public var memberBytes: Int64
  /// The program that made it, and when; nil where it does not say.
  public var program: String?
  public var created: String?
  /// The latest change of any member, ISO 8601.
  public var modified: String?
  public var source = Source()
  public var organization: Organization?
  /// When the first and the last message were sent, ISO 8601.
  public var firstMessage: String?
  public var lastMessage: String?
  public var options: [String: String] = [:]
  /// Rows of each table.
  public var tables: [String: Int64] = [:]
  /// Files and bytes by the first part of their names.
  public var parts: [String: Part] = [:]
  public var skippedFiles: [String] = []
  /// What the archive says of rows that are not in it, and of values that it has in another form.
  public var notes: [Summary.Fact] = []
  public var hasDigests: Bool
  /// Why it cannot be used, where it cannot.
  public var refusal: String?

  /// Reads an archive or an unpacked folder.
  ///
  /// - Throws: where it is missing, damaged, or no archive at all.
  public static func of(
    _ path: String, cancellation: Cancellation? = nil, progress: ByteProgress? = nil
  ) throws -> ArchiveSummary {
    let contents = ArchiveContents()
    let inspection = try Inspection.of(path, visitor: contents, cancellation: cancellation, progress: progress)
    return ArchiveSummary(inspection, contents)
  }

  init(_ inspection: Inspection, _ contents: ArchiveContents) {
    path = inspection.path
    (kind, advice) = Self.meaning(of: inspection)
    description = inspection.kind.description
    bytes = inspection.size
    members = inspection.members
    memberBytes = inspection.memberBytes
    hasDigests = inspection.manifest != nil
    refusal = inspection.refused?.reason
    parts = inspection.parts.reduce(into: [:]) { parts, part in
      parts[SafeText.clean(part.key, limit: 100)] = Part(files: part.value.members, bytes: part.value.bytes)
    }
    if inspection.modified > 0 { modified = Manifest.timestamp(inspection.modified) }
    if let manifest = inspection.manifest { read(manifest) }
    read(inspection.texts)
    guard inspection.kind.isExport else { return }
    _ = contents.finish(inspection.manifest)
    tables = contents.rows
    if let found = contents.organization {
      organization = Organization(
        name: SafeText.clean(found.name, limit: 100), subdomain: SafeText.clean(found.subdomain, limit: 60),
        isDeactivated: found.isDeactivated)
    }
    firstMessage = contents.span.map { Manifest.timestamp($0.first / 1_000_000) }
    lastMessage = contents.span.map { Manifest.timestamp($0.last / 1_000_000) }
  }

  private mutating func read(_ manifest: Manifest) {
    program = SafeText.clean(manifest.program, limit: 60)
    created = SafeText.clean(manifest.created, limit: 40)
    source.brand = SafeText.clean(manifest.source.brand, limit: 20)
    source.serverVersion = manifest.source.serverVersion.map { SafeText.clean($0, limit: 60) }
    source.featureLevel = manifest.source.featureLevel
    source.postgresVersion = manifest.source.postgresVersion.map { SafeText.clean($0, limit: 20) }
    source.host = manifest.source.hostname.map { SafeText.clean($0, limit: 100) }
    organization = manifest.organization.map {
      Organization(name: SafeText.clean($0.name, limit: 100), subdomain: SafeText.clean($0.subdomain, limit: 60))
    }
    options = manifest.options.mapValues { SafeText.clean($0, limit: 60) }
    notes = manifest.notes
    skippedFiles = manifest.skipped.map { SafeText.clean("\($0.name): \($0.reason)", limit: 300) }
  }

  private mutating func read(_ texts: [String: [UInt8]]) {
    func line(_ name: String) -> String? {
      texts[name].map { SafeText.clean(String(decoding: $0.prefix { $0 != 0x0A }, as: UTF8.self), limit: 80) }
    }
    for brand in Brand.allCases {
      guard let version = line("\(brand.rawValue)-version") else { continue }
      source.brand = brand.rawValue
      source.serverVersion = version
    }
    if let version = line("postgres-version") { source.postgresVersion = version }
    guard let status = texts[MigrationStatus.fileName] else { return }
    for (app, names) in MigrationStatus.decode(status) {
      source.migrations[SafeText.clean(app, limit: 40)] = names.max().map { SafeText.clean($0, limit: 100) }
    }
    if source.serverVersion == nil {
      source.serverVersion = MigrationStatus.version(status).map { SafeText.clean($0, limit: 60) }
    }
  }

  private static func meaning(of inspection: Inspection) -> (String, String) {
    if inspection.refused != nil { return ("other", "Do not use it unless you know who made it.") }
    return switch inspection.kind {
    case .ourExport:
      ("our-export", "Check it with verify, then import it: aloha-wizard import SUBDOMAIN \(inspection.path)")
    case .officialExport:
      ("official-export", "Check it with verify, then import it: aloha-wizard import SUBDOMAIN \(inspection.path)")
    case .backup:
      ("backup", "Restore it on a server that may lose what it has: aloha-wizard restore \(inspection.path)")
    case .other: ("other", "Give an archive that export or backup has made.")
    }
  }
}
