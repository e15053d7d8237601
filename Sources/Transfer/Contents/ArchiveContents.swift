import Archive
import Common
import JSON
import Server

/// Reads an organization's export once, in the order of its members, and determines what an import can do with it.
///
/// Verification, the dry run of an import and the import itself use this class, so that they agree: all three refuse
/// what it reports as a problem before anything changes, and the import makes the repairs that it reports.
///
/// Memory grows with the number of files and, by a few bytes each, with the number of rows; never with their size.
package final class ArchiveContents: MemberVisitor {
  private(set) var findings = ContentFindings()
  package private(set) var organization: (id: Int64, subdomain: String, name: String, isDeactivated: Bool)?
  /// The times of the first and the last message, in microseconds since 1970.
  package private(set) var span: (first: Int64, last: Int64)?
  package private(set) var migrations: [UInt8] = []
  package private(set) var files = ArchivedFiles()
  /// The number of rows of each table in the archive.
  package private(set) var rows: [String: Int64] = [:]
  /// The tables of the archive that the model does not have, in the order of their appearance.
  private(set) var unknownTables: [String] = []
  /// Where the tables of each JSON document begin, by the document's name.
  private(set) var outlines: [String: DocumentOutline] = [:]
  /// Kept only together with the ids.
  private(set) var messages = MessageFacts()

  private let model: DataModel
  private let keepsIDs: Bool
  private let spaces = IDSpaces()
  private var tables: [String: TableContents] = [:]
  private var bots = SystemBotRows()
  private var members = DocumentList()
  /// The rows by document and table, as the statistics of official exports count them.
  private var counts: [String: [String: Int64]] = [:]
  private var records: [String: Int64] = [:]

  private var stream: RowStream?
  private var captured: (name: String, bytes: [UInt8])?
  private var statistics: [(name: String, bytes: [UInt8])] = []
  private var shard: MessageShardCheck?
  /// The rows counted so far in the current table.
  private var counted = (document: "", table: "", rows: Int64(0))

  /// The limit for small documents that are kept as a whole.
  static let capturedBytes: Int64 = 4 << 20
  private static let statisticsNames: Set<String> = ["stats.txt", "stats.json"]

  /// - Parameters:
  ///   - model: the server that the archive is for; the default accepts what all known versions accept.
  ///   - keepsIDs: whether to keep the ids of all rows in order, with eight bytes per row.
  package init(_ model: DataModel = .known, keepsIDs: Bool = false) {
    self.model = model
    self.keepsIDs = keepsIDs
  }

  /// Returns the ids of a table's rows in the order of the archive; empty if they are not kept.
  func ids(of table: String) -> [Int64] { tables[table]?.orderedIDs ?? [] }

  /// Returns the keys present in the rows of a table.
  func keys(of table: String) -> Set<String> { tables[table]?.keys ?? [] }

  // MARK: Members

  package func begin(_ header: MemberHeader) throws -> Bool {
    let name = header.name
    stream = nil
    captured = nil
    shard = nil
    let parts = name.split(separator: "/", maxSplits: 1)
    if parts.count == 2, ArchivedFiles.kinds.contains(String(parts[0])) {
      guard parts[1] == "records.json" else {
        files.found(name, size: header.size)
        return false
      }
      members.add(name)
      stream = recordStream(name, kind: String(parts[0]))
      return true
    }
    if name == MigrationStatus.fileName || Self.statisticsNames.contains(name) {
      guard header.size <= Self.capturedBytes else {
        findings.problem("documents", "\(name) has \(header.size) bytes, more than any server writes")
        return false
      }
      captured = (name, [])
      return true
    }
    guard let document = members.add(name) else { return false }
    if document == .messages { shard = MessageShardCheck() }
    stream = rowStream(name, document)
    return true
  }

  package func take(_ bytes: UnsafeRawBufferPointer) throws {
    try stream?.take(bytes)
    captured?.bytes.append(contentsOf: bytes)
  }

  package func end() throws {
    try stream?.end()
    countRows()
    if let captured {
      if captured.name == MigrationStatus.fileName {
        migrations = captured.bytes
        if let fault = MigrationStatus.fault(captured.bytes) {
          findings.problem("documents", "\(MigrationStatus.fileName) is not what a server writes: \(fault)")
        }
      } else {
        statistics.append(captured)
      }
    }
    shard?.finish(&findings)
    stream = nil
    captured = nil
  }

  // MARK: Rows

  private func rowStream(_ name: String, _ document: TableRule.Document) -> RowStream {
    var current: TableContents?
    var currentName = ""
    return RowStream(
      name,
      begins: { [unowned self] table, position in
        outlines[name, default: DocumentOutline()].add(table: table, at: position)
        countRows()
        current = begin(table, in: name, document)
        currentName = table
        counted = (name, table, 0)
      },
      row: { [unowned self] _, row in
        counted.rows += 1
        if let current {
          try current.read(row, &findings)
          look(at: current)
        } else if currentName == TableName.crossRealmBots {
          try bots.read(row, document: name, spaces: spaces, &findings)
        } else {
          var scanner = JSONScanner(row, name: name)
          _ = try scanner.value()
        }
      },
      value: { [unowned self] key, value in
        outlines[name, default: DocumentOutline()].add(flag: key, value)
        if outlines[name]?.flags["sort_by_date"] == "true" { messages.keepsDates = keepsIDs }
        if model[key] != nil || key == TableName.mirrorDummies || key == TableName.crossRealmBots {
          findings.problem(key, "is no list of rows in \(name)")
        }
      })
  }

  private func countRows() {
    if counted.rows > 0 { counts[counted.document]?[counted.table]? += counted.rows }
    counted.rows = 0
  }

  /// Begins a table; returns nil if its rows are only counted.
  private func begin(_ table: String, in name: String, _ document: TableRule.Document) -> TableContents? {
    if counts[name]?[table] != nil { findings.problem(table, "is there twice in \(name)") }
    counts[name, default: [:]][table] = 0
    if table == TableName.crossRealmBots { return nil }
    guard let known = model[table == TableName.mirrorDummies ? TableName.userProfile : table] else {
      if !unknownTables.contains(table), unknownTables.count < 1000 { unknownTables.append(table) }
      return nil
    }
    if known.document != document {
      findings.problem(table, "is in \(name), but belongs into \(known.document.rawValue)")
    }
    let contents =
      tables[known.name] ?? TableContents(known, model, spaces: spaces, keepsIDs: keepsIDs, extra: Self.extra(known))
    tables[known.name] = contents
    contents.begin(name)
    if known.rows == .userMessages { contents.forgetKeys() }
    return contents
  }

  /// Returns the keys that ``look(at:)`` reads besides those of columns.
  private static func extra(_ table: DataModel.Table) -> [String] {
    switch table.rows {
    case .organization: ["string_id", "name", "deactivated"]
    case .users: ["email", "delivery_email"]
    case .attachments: ["path_id"]
    default: ["file_name", "type"]
    }
  }

  /// Evaluates the rows of tables with a meaning beyond their columns.
  private func look(at table: TableContents) {
    switch table.meaning {
    case .message:
      let sent = ValueRule.moment(table["date_sent"])
      if let id = table.currentID {
        shard?.message(id)
        if keepsIDs {
          messages.message(sender: table["sender"].int, recipient: table["recipient"].int, sent: sent)
        }
      }
      guard let sent else { return }
      span = (min(span?.first ?? sent, sent), max(span?.last ?? sent, sent))
    case .userMessage:
      if let message = table["message"].int { shard?.userMessage(of: message, table.place) }
    case .organization:
      organization = (
        table.currentID ?? 0, table["string_id"].text ?? "", table["name"].text ?? "", table["deactivated"].isTrue
      )
    case .user:
      for key in ["delivery_email", "email"] {
        guard let address = table[key].text, !EmailAddress.isValid(address) else { continue }
        findings.problem(table.name, "\(table.place.text): \(key) \"\(address)\" is no e-mail address")
      }
    case .attachment:
      if let path = table["path_id"].text { files.needed(upload: path) }
    case .recipient:
      guard let id = table.currentID, table["type"].int == Int64(RecipientType.channel) else { return }
      messages.channel(recipient: id)
    case .emoji:
      if let file = table["file_name"].text, !file.isEmpty { files.needed(emoji: file) }
    case nil: break
    }
  }

  private func recordStream(_ name: String, kind: String) -> RowStream {
    records[kind] = 0
    var reader = RowReader(keys: ["path", "size", "file_name"])
    return RowStream(
      name, isList: true, begins: { _, _ in },
      row: { [unowned self] _, row in
        records[kind, default: 0] += 1
        var scanner = JSONScanner(row, name: name)
        try reader.read(&scanner)
        guard let path = reader[0].text else {
          return findings.problem("files", "record \(records[kind] ?? 0) of \(kind) names no file")
        }
        files.recorded(
          kind, path: path, size: reader[1].int,
          emoji: kind == "emoji" ? reader[2].text ?? FileName.emoji(of: path) : nil)
      })
  }

  // MARK: Completion

  /// Checks everything that is known only at the end.
  package func finish(_ manifest: Manifest?) -> ContentFindings {
    for document in counts.values {
      for (table, count) in document { rows[table, default: 0] += count }
    }
    members.check(&findings)
    if rows[TableName.realm] ?? 0 != 1 {
      findings.problem(TableName.realm, "has \(rows["zerver_realm"] ?? 0) rows, but an export has one")
    }
    bots.finish(spaces, &findings)
    // An archive without user groups gets those of a new organization, and settings that name groups are set
    // accordingly.
    let groupsAreMade = rows[TableName.namedUserGroup] ?? 0 == 0
    for table in tables.values.sorted(by: { $0.name < $1.name }) {
      table.finish(&findings, groupsAreMade: groupsAreMade)
    }
    checkCounts(manifest)
    files.check(skipped: Set(manifest?.skipped.map(\.name) ?? []), &findings)
    for skipped in manifest?.skipped ?? [] {
      findings.warning("files", "\(skipped.name) was skipped when the archive was made: \(skipped.reason)")
    }
    findings.close()
    return findings
  }

  private func checkCounts(_ manifest: Manifest?) {
    for (table, expected) in (manifest?.tables ?? [:]).sorted(by: { $0.key < $1.key }) {
      let found = rows[table] ?? 0
      if found != expected { findings.problem(table, "has \(found) rows, the manifest says \(expected)") }
    }
    for document in statistics {
      ExportStatistics(document.name, document.bytes).check(counts: counts, records: records, &findings)
    }
  }
}

extension DataModel {
  /// The model of what all known versions of the server accept.
  package static let known = DataModel(KnownSchema.catalog)
}
