import Archive
import Common

/// Reads an organization's export once, as it passes, and knows then whether it is whole: every row parses, every id is
/// there once, every reference between rows, records and files has its other end.
///
/// Memory grows with the number of files and, by a few bytes, with the number of messages; never with their size.
final class ExportContents: MemberVisitor {
  private(set) var findings = VerifyFindings()
  private(set) var tables: [String: TableCheck] = [:]
  private(set) var organization: (id: Int64, subdomain: String, name: String, isDeactivated: Bool)?
  /// When the first and the last message were sent, in microseconds since 1970.
  private(set) var span: (first: Int64, last: Int64)?
  private(set) var migrations: [UInt8] = []
  private(set) var files = ArchivedFiles()
  /// Rows by document and table, as the statistics of official exports count them.
  private var counts: [String: [String: Int64]] = [:]
  private var records: [String: Int64] = [:]

  private var stream: RowStream?
  private var captured: (name: String, bytes: [UInt8])?
  private var statistics: [(name: String, bytes: [UInt8])] = []
  private var shards: Set<Int> = []
  private var documents: Set<String> = []

  private static let capturedBytes: Int64 = 4 << 20
  private static let statisticsNames: Set<String> = ["stats.txt", "stats.json"]

  // MARK: Members

  func begin(_ header: MemberHeader) throws -> Bool {
    let name = header.name
    stream = nil
    captured = nil
    let parts = name.split(separator: "/", maxSplits: 1)
    if parts.count == 2, ArchivedFiles.kinds.contains(String(parts[0])) {
      guard parts[1] == "records.json" else {
        files.found(name, size: header.size)
        return false
      }
      documents.insert(name)
      records[String(parts[0])] = 0
      stream = recordStream(name, kind: String(parts[0]))
      return true
    }
    if name == MigrationStatus.fileName || Self.statisticsNames.contains(name), header.size <= Self.capturedBytes {
      captured = (name, [])
      return true
    }
    guard let document = rowDocument(name) else { return false }
    documents.insert(name)
    stream = rowStream(name, document: document)
    return true
  }

  func take(_ bytes: UnsafeRawBufferPointer) throws {
    try stream?.take(bytes)
    captured?.bytes.append(contentsOf: bytes)
  }

  func end() throws {
    try stream?.end()
    if let captured {
      if captured.name == MigrationStatus.fileName {
        migrations = captured.bytes
      } else {
        statistics.append(captured)
      }
    }
    stream = nil
    captured = nil
  }

  private func rowDocument(_ name: String) -> String? {
    if name.hasPrefix("messages-"), name.hasSuffix(".json") {
      if let number = Int(name.dropFirst(9).dropLast(5)) { shards.insert(number) }
      return "messages"
    }
    return ["realm.json", "attachment.json", "analytics.json"].contains(name) ? name : nil
  }

  // MARK: Rows

  private func rowStream(_ name: String, document: String) -> RowStream {
    RowStream(
      name,
      begins: { [unowned self] table in
        if tables[table] == nil { tables[table] = TableCheck(table) }
        counts[name, default: [:]][table, default: 0] += 0
      },
      row: { [unowned self] table, row in
        try tables[table]?.read(row, document: name)
        counts[name]?[table]? += 1
        if let check = tables[table] { try look(at: check, name) }
      })
  }

  /// What some tables mean beyond their keys.
  private func look(at check: TableCheck, _ name: String) throws {
    switch check.table {
    case "zerver_message":
      guard let sent = check[.date_sent].microseconds else {
        return findings.problem("zerver_message", "\(check.currentID ?? 0) has no date")
      }
      span = (min(span?.first ?? sent, sent), max(span?.last ?? sent, sent))
    case "zerver_realm":
      organization = (
        check.currentID ?? 0, check[.string_id].text ?? "", check[.name].text ?? "", check[.deactivated].isTrue
      )
    case "zerver_recipient": recipient(check)
    case "zerver_userprofile_crossrealm":
      if let recipient = check[.recipient_id].int { systemRecipients.insert(recipient) }
    case "zerver_reaction", "zerver_userstatus":
      guard check[.reaction_type].text == "realm_emoji" else { return }
      let id = check[.emoji_code].text.flatMap { Int64($0) } ?? -1
      tables[check.table]?.refer(to: .emoji, as: "emoji_code", id)
    case "zerver_attachment":
      if let path = check[.path_id].text { files.needed(upload: path) }
    case "zerver_realmemoji":
      if let file = check[.file_name].text, !file.isEmpty { files.needed(emoji: file) }
    default: break
    }
  }

  private var systemRecipients = IDSet()

  private func recipient(_ check: TableCheck) {
    let target: KnownReferences.Target? =
      switch check[.type].int {
      case Int64(ExportScope.RecipientType.personal): .user
      case Int64(ExportScope.RecipientType.channel): .channel
      case Int64(ExportScope.RecipientType.group): .groupMessage
      default: nil
      }
    guard let target, let id = check[.type_id].int else {
      return findings.problem("zerver_recipient", "\(check.currentID ?? 0) is of no known type")
    }
    tables["zerver_recipient"]?.refer(to: target, as: "type_id", id)
  }

  private func recordStream(_ name: String, kind: String) -> RowStream {
    let table = "records of \(kind)"
    if tables[table] == nil { tables[table] = TableCheck(table) }
    return RowStream(
      name, begins: { _ in },
      row: { [unowned self] _, row in
        try tables[table]?.read(row, document: name)
        records[kind, default: 0] += 1
        guard let check = tables[table], let path = check[.path].text else {
          return findings.problem("files", "a record of \(kind) names no file")
        }
        files.recorded(
          kind, path: path, size: check[.size].int, emoji: kind == "emoji" ? check[.file_name].text : nil)
      })
  }

  // MARK: The end

  /// Looks at everything that could only be known at the end.
  func finish(_ manifest: Manifest?) -> VerifyFindings {
    checkDocuments()
    checkIDs()
    checkReferences()
    checkCounts(manifest)
    files.check(skipped: Set(manifest?.skipped.map(\.name) ?? []), &findings)
    for skipped in manifest?.skipped ?? [] {
      findings.warning("files", "\(skipped.name) was skipped when the archive was made: \(skipped.reason)")
    }
    findings.close()
    return findings
  }

  private func checkDocuments() {
    for name in ["realm.json", "attachment.json", "uploads/records.json", "avatars/records.json"]
    where !documents.contains(name) {
      findings.problem("documents", "\(name) is missing")
    }
    if let last = shards.max() {
      let missing = (1...last).filter { !shards.contains($0) }
      for number in missing.prefix(20) {
        findings.problem("documents", "\(MessageShards.name(number)) is missing: an import would stop there")
      }
    }
    if (tables["zerver_realm"]?.rows ?? 0) != 1 {
      findings.problem("zerver_realm", "has \(tables["zerver_realm"]?.rows ?? 0) rows, where there must be one")
    }
  }

  private func checkIDs() {
    for check in tables.values.sorted(by: { $0.table < $1.table }) {
      if let id = check.firstDuplicate { findings.problem(check.table, "\(id) is there twice") }
    }
  }

  private func checkReferences() {
    var existing: [KnownReferences.Target: [IDSet]] = [:]
    for target in KnownReferences.Target.allCases {
      existing[target] = target.tables.compactMap { tables[$0]?.ids }
    }
    existing[.recipient, default: []].append(systemRecipients)
    for check in tables.values.sorted(by: { $0.table < $1.table }) {
      for reference in check.references {
        let missing = reference.ids.missing(from: existing[reference.target] ?? [], limit: 3)
        guard missing.count > 0 else { continue }
        let ids = missing.first.map(String.init).joined(separator: ", ")
        let more = missing.count > missing.first.count ? " and \(missing.count - missing.first.count) more" : ""
        let text = "\(reference.key): the archive has no \(reference.target.noun) \(ids)\(more)"
        if KnownReferences.isLoose(reference.key) {
          findings.warning(check.table, text)
        } else {
          findings.problem(check.table, text)
        }
      }
    }
  }

  private func checkCounts(_ manifest: Manifest?) {
    for (table, rows) in (manifest?.tables ?? [:]).sorted(by: { $0.key < $1.key }) {
      let found = tables[table]?.rows ?? 0
      if found != rows { findings.problem(table, "has \(found) rows, the manifest says \(rows)") }
    }
    for document in statistics {
      ExportStatistics(document.name, document.bytes).check(counts: counts, records: records, &findings)
    }
  }
}
