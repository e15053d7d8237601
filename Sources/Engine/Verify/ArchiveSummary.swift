import Archive
import Common
import Operations
import Server
import Transfer
import WholeServer

/// The kind, the origin and the content of an archive, after reading it once. Nothing is unpacked to disk.
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
  /// "our-export", "official-export", "backup", "encrypted" if no key was given, "other".
  public var kind: String
  public var description: String
  /// The possible use of the archive.
  public var advice: String
  public var bytes: Int64
  public var members: Int
  public var memberBytes: Int64
  /// The program that made it, and the time; nil if it does not state them.
  public var program: String?
  public var created: String?
  /// The latest modification of any member, ISO 8601.
  public var modified: String?
  public var source = Source()
  public var organization: Organization?
  /// The times of the first and the last message, ISO 8601.
  public var firstMessage: String?
  public var lastMessage: String?
  public var options: [String: String] = [:]
  /// The number of rows of each table.
  public var tables: [String: Int64] = [:]
  /// The number of files and bytes by the first part of their names.
  public var parts: [String: Part] = [:]
  public var skippedFiles: [String] = []
  /// The archive's statements about omitted rows, and about values in another form.
  public var notes: [Summary.Fact] = []
  public var hasDigests: Bool
  /// Whether age has encrypted it.
  public var isEncrypted = false
  /// The proof by the `.sha256` beside an encrypted file; nil for a plain archive.
  public var seal: String?
  /// Whether a backup contains a whole server, and what it lacks; nil for other archives.
  public var completeness: String?
  /// Why it cannot be used; nil if it can.
  public var refusal: String?
  /// The exit code of a command that only reads the summary: 0 if the archive can be used, otherwise that of its
  /// family.
  public var exitCode: Int32 = 0

  /// Reads an archive or an unpacked folder.
  ///
  /// - Parameter identity: a file with age's private key. Without it, only the seal of an encrypted archive is checked.
  /// - Throws: if the archive is missing, damaged, or not an archive; if it does not match its seal.
  public static func of(
    _ path: String, identity: String? = nil, cancellation: Cancellation? = nil, progress: ByteProgress? = nil
  ) throws -> ArchiveSummary {
    try ArchiveFailure.naming(path) {
      try read(path, identity: identity, cancellation: cancellation, progress: progress)
    }
  }

  private static func read(
    _ path: String, identity: String?, cancellation: Cancellation?, progress: ByteProgress?
  ) throws -> ArchiveSummary {
    if identity == nil, Encryption.isEncrypted(path) {
      return ArchiveSummary(
        SealedFile(path: path), try SealedFile(path: path).state(cancellation: cancellation, progress: progress))
    }
    let contents = ArchiveContents()
    let holdings = HoldingsReader()
    let stream = try Encryption.stream(of: path, identity: identity, cancellation: cancellation)
    let inspection = try Inspection.of(
      path, stream: stream, visitor: SeveralVisitors([contents, holdings]), cancellation: cancellation,
      progress: progress)
    let (members, unread) = try Self.members(holdings, of: inspection)
    var summary = ArchiveSummary(inspection, contents, members, identity: stream == nil ? nil : identity)
    if let unread { summary.notes.append(Summary.Fact("Not checked", unread)) }
    summary.isEncrypted = stream != nil
    return summary
  }

  /// Returns what the members of a backup say, and why its dump could not be checked; nil if it could.
  private static func members(
    _ reader: HoldingsReader, of inspection: Inspection
  ) throws -> (BackupMembers, unread: String?) {
    do {
      return (try reader.finish(folders: inspection.folders, manifest: inspection.manifest), nil)
    } catch let failure as ToolFailure {
      return (reader.members, "its dump cannot be read: \(failure.reason)")
    }
  }

  /// Creates the summary of an encrypted file without its key.
  init(_ file: SealedFile, _ state: SealedFile.State) {
    path = file.path
    kind = "encrypted"
    description = "a file that age has encrypted"
    advice =
      "On a machine that may have the private key: "
      + "\(ArchiveWords.command(["inspect", file.path, "--identity", "KEYFILE"]))"
    bytes = FileSystem.length(file.path) ?? 0
    members = 0
    memberBytes = 0
    hasDigests = false
    isEncrypted = true
    seal = state.sentence
    completeness = BackupChecksum.holdings(sealing: file.path).map { "\($0.label), as its .sha256 says" }
    notes = [
      Summary.Fact("Not proved", "its content, whether a key decrypts it, and whether it can be restored")
    ]
    let name = FileSystem.name(of: file.path)
    created = BackupLayout.moment(fileName: name).map { Manifest.timestamp($0 / 1_000_000) }
  }

  init(
    _ inspection: Inspection, _ contents: ArchiveContents, _ backup: BackupMembers, identity: String? = nil
  ) {
    path = inspection.path
    (kind, advice) = Self.meaning(of: inspection, identity)
    description = inspection.refused == nil ? inspection.kind.description : "an archive that cannot be used as it is"
    bytes = inspection.size
    members = inspection.members
    memberBytes = inspection.memberBytes
    hasDigests = inspection.manifest != nil
    refusal = inspection.refused?.reason
    if let refused = inspection.refused {
      exitCode = refused.family.rawValue
    } else if case .other = inspection.kind {
      exitCode = FailureFamily.unsuitableArchive.rawValue
    }
    parts = inspection.parts.reduce(into: [:]) { parts, part in
      parts[SafeText.clean(part.key, limit: .name)] = Part(files: part.value.members, bytes: part.value.bytes)
    }
    if inspection.modified > 0 { modified = Manifest.timestamp(inspection.modified) }
    if let manifest = inspection.manifest { read(manifest) }
    read(inspection.texts)
    if inspection.kind == .backup {
      let holdings = backup.holdings
      completeness = holdings.label
      notes += backup.oddities.map { Summary.Fact("Note", $0) }
      if let first = backup.contradictions.first {
        refusal = first
        exitCode = FailureFamily.damagedArchive.rawValue
        description = "a backup of a server that cannot be restored"
        advice = "Use another backup, or make a new one."
      } else if !holdings.isComplete {
        description = "a partial backup of a server"
        advice =
          "Look for a complete backup first: this one does not contain a whole server. To restore its parts anyway: "
          + "\(ArchiveWords.command(["restore", inspection.path, "--partial"], identity))"
      }
    }
    guard inspection.kind.isExport else { return }
    _ = contents.finish(inspection.manifest)
    tables = contents.rows
    if let found = contents.organization {
      organization = Organization(
        name: SafeText.clean(found.name, limit: .name), subdomain: SafeText.clean(found.subdomain, limit: .word),
        isDeactivated: found.isDeactivated)
    }
    firstMessage = contents.span.map { Manifest.timestamp($0.first / 1_000_000) }
    lastMessage = contents.span.map { Manifest.timestamp($0.last / 1_000_000) }
  }

  private mutating func read(_ manifest: Manifest) {
    program = SafeText.clean(manifest.program, limit: .word)
    created = SafeText.clean(manifest.created, limit: .short)
    source.brand = SafeText.clean(manifest.source.brand, limit: 20)
    source.serverVersion = manifest.source.serverVersion.map { SafeText.clean($0, limit: .word) }
    source.featureLevel = manifest.source.featureLevel
    source.postgresVersion = manifest.source.postgresVersion.map { SafeText.clean($0, limit: 20) }
    source.host = manifest.source.hostname.map { SafeText.clean($0, limit: .name) }
    organization = manifest.organization.map {
      Organization(name: SafeText.clean($0.name, limit: .name), subdomain: SafeText.clean($0.subdomain, limit: .word))
    }
    options = manifest.options.mapValues { SafeText.clean($0, limit: .word) }
    notes = manifest.notes
    skippedFiles = manifest.skipped.map { SafeText.clean("\($0.name): \($0.reason)", limit: .path) }
  }

  private mutating func read(_ texts: [String: [UInt8]]) {
    func line(_ name: String) -> String? {
      texts[name].map { SafeText.clean(String(decoding: $0.prefix { $0 != 0x0A }, as: UTF8.self), limit: .label) }
    }
    for brand in Brand.allCases {
      guard let version = line("\(brand.rawValue)-version") else { continue }
      source.brand = brand.rawValue
      source.serverVersion = version
    }
    if let version = line("postgres-version") { source.postgresVersion = version }
    guard let status = texts[MigrationStatus.fileName] else { return }
    for (app, names) in MigrationStatus.decode(status) {
      source.migrations[SafeText.clean(app, limit: .short)] = names.max().map { SafeText.clean($0, limit: .name) }
    }
    if source.serverVersion == nil {
      source.serverVersion = MigrationStatus.version(status).map { SafeText.clean($0, limit: .word) }
    }
  }

  private static func meaning(of inspection: Inspection, _ identity: String?) -> (String, String) {
    if let refused = inspection.refused {
      return ("other", refused.remedy.map { $0.prefix(1).uppercased() + $0.dropFirst() + "." } ?? "Use another one.")
    }
    return switch inspection.kind {
    case .ourExport:
      ("our-export", importing(inspection.path, identity))
    case .officialExport: ("official-export", importing(inspection.path, identity))
    case .backup:
      (
        "backup",
        "Rehearse it: \(ArchiveWords.rehearse(inspection.path, identity)). Then restore it on a server whose data may be "
          + "replaced: \(ArchiveWords.command(["restore", inspection.path], identity))"
      )
    case .other: ("other", "Give an archive that export or backup has made.")
    }
  }

  private static func importing(_ path: String, _ identity: String?) -> String {
    let words = ["import", "SUBDOMAIN", path]
    // An import reads only unencrypted archives.
    guard let identity else { return "Check it with verify, then import it: \(ArchiveWords.command(words))" }
    return "Decrypt it, then import what comes out: "
      + ShellWord.quoted(words: ["age", "-d", "-i", identity, "-o", "export.tar.gz", path])
  }
}
