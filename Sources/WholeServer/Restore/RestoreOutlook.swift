import Archive
import Common
import Operations
import Server

/// The content of a backup, and its comparison with the server that it would be restored on, before any decision.
/// Read-only.
public struct RestoreOutlook: Sendable, Equatable {
  /// The kind of the backup, its time, its server and its content.
  public var facts: [Summary.Fact]
  /// The host name of the server that was backed up.
  public var backupHost: String?
  /// The host name of this server; nil if its settings are lost.
  public var ownHost: String?
  public var holdings: BackupHoldings
  public var hasSettings: Bool { holdings.has(.settings) }
  /// The consequences of restoring a backup that does not contain a whole server; empty for one that does, and for
  /// parts given by hand.
  public var consequences: [String]
  /// Whether this server has settings that could be kept.
  public var hasOwnSettings: Bool
  /// The comparison of the versions: a blocker if they differ.
  public var version: Finding
  /// The data of this server that is newer than the backup, as sentences; nil if there is nothing to report.
  public var newer: String?
  /// The damage of the backup's file, if only its undamaged parts can be restored; nil if none was seen.
  public var damage: String?

  public init(
    facts: [Summary.Fact], backupHost: String?, ownHost: String?, holdings: BackupHoldings = .complete,
    consequences: [String] = [], hasOwnSettings: Bool = true, version: Finding, newer: String? = nil,
    damage: String? = nil
  ) {
    self.damage = damage
    self.facts = facts
    self.backupHost = backupHost
    self.ownHost = ownHost
    self.holdings = holdings
    self.consequences = consequences
    self.hasOwnSettings = hasOwnSettings
    self.version = version
    self.newer = newer
  }

  /// Inspects a backup and the server. Changes nothing.
  ///
  /// - Parameters:
  ///   - root: the root of the server; its settings and its database may be lost.
  ///   - options: only the source and its key are used.
  /// - Throws: if it is not a backup, or if nothing states where the server's database is.
  public static func look(
    root: String, brand: Brand?, _ options: RestoreOptions, cancellation: Cancellation? = nil
  ) throws -> RestoreOutlook {
    let (preparation, damage) = try prepare(root: root, brand: brand, options, cancellation)
    let installation = preparation.installation
    let head = preparation.head
    let hasOwn = FileSystem.exists(installation.file(installation.brand.secretsFile))
    var consequences: [String] = []
    if case .archive = options.source { consequences = head.holdings.consequences }
    return RestoreOutlook(
      facts: facts(head, preparation.dump, options), backupHost: head.host,
      ownHost: hasOwn ? installation.host : nil, holdings: head.holdings, consequences: consequences,
      hasOwnSettings: hasOwn, version: preparation.checks.version(),
      newer: Finding.confirmation(of: preparation.checks.newerData.findings()), damage: damage)
  }

  /// Reads a damaged backup in the way of a salvage, so that its facts can still be shown.
  private static func prepare(
    root: String, brand: Brand?, _ options: RestoreOptions, _ cancellation: Cancellation?
  ) throws -> (RestorePreparation, damage: String?) {
    func look(_ options: RestoreOptions) throws -> RestorePreparation {
      try RestorePreparation(root: root, brand: brand, options: options, id: "outlook", cancellation: cancellation)
    }
    do { return (try look(options), nil) } catch let failure as PlainFailure
      where failure.family == .damagedArchive && !options.salvages
    {
      guard case .archive = options.source else { throw failure }
      var salvaging = options
      salvaging.salvages = true
      return (try look(salvaging), failure.reason)
    }
  }

  private static func facts(_ head: BackupHeader, _ dump: DumpFile?, _ options: RestoreOptions) -> [Summary.Fact] {
    var facts: [Summary.Fact] = []
    func add(_ name: String, _ value: String?) {
      if let value { facts.append(Summary.Fact(name, value)) }
    }
    if case .archive(let path) = options.source {
      let named = BackupLayout.moment(fileName: FileSystem.name(of: path))
      add("Made", (head.moment ?? named).map { Age.words($0) } ?? "it does not say when")
      add("Completeness", head.holdings.label)
    }
    if let dump, let written = FileSystem.lastChange(dump.path) { add("Dump written", Age.words(written)) }
    add("Of the server", head.host)
    let version = head.serverVersion.map { "\(head.brand?.title ?? "") \($0)" }
    add("Software", version ?? "it does not say which version")
    add("System", head.system)
    add("PostgreSQL", head.postgresMajor.map { "version \($0)" })
    add("Database", head.hasDatabase ? database(head, dump) : "not in it; this server's stays as it is")
    add("Uploads", head.hasUploads ? uploads(head) : "not in it; this server's stay as they are")
    add("Settings", head.hasSettings ? "in it, with the secrets" : "not in it; this server's stay as they are")
    if case .archive = options.source {
      add(
        "Digests",
        !head.hasDigests
          ? "none: it was made by the server's own command; what cannot be compared is said"
          : "of every file; they are compared before anything is replaced")
    }
    return facts
  }

  private static func database(_ head: BackupHeader, _ dump: DumpFile?) -> String {
    var words: [String] = []
    if let dump { words.append("a dump of the form \(dump.form.rawValue)") }
    if let bytes = head.facts?.databaseBytes { words.append("\(Amount.bytes(bytes)) on its disk") }
    if let contents = head.dump { words.append(Amount.of(Int64(contents.tables.count), "table")) }
    return words.isEmpty ? "in it" : words.joined(separator: ", ")
  }

  private static func uploads(_ head: BackupHeader) -> String {
    guard let files = head.facts?.uploadsFiles else { return "in it" }
    return "\(Amount.of(files, "file")), \(Amount.bytes(head.facts?.uploadsBytes ?? 0))"
  }
}
