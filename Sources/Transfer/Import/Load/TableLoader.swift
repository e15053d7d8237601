import Common
import JSON
import Operations
import Postgres
import Server

/// Writes the rows of one table of an archive into the same table of the server, each cell by its column's rule.
///
/// Built once per table from the model, the keys of the archive's rows, and the facts of the import.
struct TableLoader {
  private enum Cell {
    case copy
    /// A reference through a map; `optional` references without a target become NULL.
    case reference(IDMap, optional: Bool)
    case recipientTarget(type: Int)
    case emojiCode(type: Int, IDMap)
    /// A column that belongs to the row's custom emoji: empty if that emoji is missing.
    case emojiPart(type: Int, code: Int, IDMap)
    /// The organization itself, which rows may omit.
    case organization(IDMap)
    case profileValue(field: Int, IDMap)
    case generated(ColumnRule.Generated)
    case generatedIfMissing(ColumnRule.Generated)
    case text(ColumnRule.TextForm)
    case uploadPath
    case renderedDescription(description: Int)
    case userIsActive(user: Int)
    case groupHash(id: Int)
    case groupSize(id: Int)
    /// The recipient of a message; may depend on the sender.
    case conversation(sender: Int, IDMap)
    case constant(String)
    case off
    case userOrFirstOwner(IDMap)
    /// Required, without a default, and not in the archive: the empty value of the column's type.
    case neutral
  }

  private struct Column {
    let name: String
    let type: String
    let cell: Cell
    /// The index of the value in ``keys``.
    let value: Int
    let rule: ValueRule
  }

  let table: DataModel.Table
  /// The keys to read of each row.
  let keys: [String]
  /// Columns that the archive has no values for and that got a neutral value.
  let filled: [String]
  private let columns: [Column]
  private let facts: ImportContext
  private let brand: Brand
  private let idKey: Int?
  /// The index of the key that names the user who owns a row of the table.
  private let ownerKey: Int?
  /// Rows of conversations that are not written: by their own id or, for subscriptions, by the id of the recipient.
  private let leftOut: Set<Int64>
  private let leftOutKey: Int?

  /// Counts what is known only when the rows are written. Everything else is in ``ArchiveIndex/findings``.
  struct Remarks {
    /// Users named by custom profile fields that the archive does not have.
    var unknownFieldUsers = 0
    /// Texts that would become too long with the new ids, by column: they keep the old ids.
    var keptTexts: [String: Int] = [:]
    /// Omitted rows: the server's own bots have them, their groups were merged, or the plan does not allow them.
    var leftOut: [String: Int] = [:]
    /// References inside texts to users, channels, groups and messages that the archive does not have, by column.
    var unknownReferences: [String: Int] = [:]
  }

  /// - Parameter present: the keys of the archive's rows.
  init(_ table: DataModel.Table, present: Set<String>, facts: ImportContext, model: DataModel, brand: Brand) {
    var keys: [String] = []
    func key(_ name: String) -> Int {
      if let index = keys.firstIndex(of: name) { return index }
      keys.append(name)
      return keys.count - 1
    }
    var columns: [Column] = []
    var filled: [String] = []
    for column in table.columns where !column.type.isEmpty && column.imported != .ignored {
      // Archives of other versions may use the column's own name.
      let name = present.contains(column.key) || !present.contains(column.name) ? column.key : column.name
      let isPresent = present.contains(name)
      guard let cell = Self.cell(for: column, isPresent: isPresent, facts: facts, model: model, key: key, table: table)
      else { continue }
      if case .neutral = cell, !Self.isToGroup(column) { filled.append(column.name) }
      columns.append(
        Column(
          name: column.name, type: column.type, cell: cell, value: key(name), rule: ValueRule(column)))
    }
    self.table = table
    self.columns = columns
    self.filled = filled
    self.facts = facts
    self.brand = brand
    idKey = present.contains("id") ? key("id") : nil
    ownerKey = table.ownerKey.map(key)
    let leavesByRecipient = table.rows == .subscriptions
    leftOut = facts.conversations.leftOut[leavesByRecipient ? TableName.recipient : table.name] ?? []
    leftOutKey = leavesByRecipient ? key("recipient") : idKey
    self.keys = keys
  }

  private static func cell(
    for column: DataModel.Column, isPresent: Bool, facts: ImportContext, model: DataModel, key: (String) -> Int,
    table: DataModel.Table
  ) -> Cell? {
    switch column.imported {
    case .ignored, .computedLater: return nil
    case .generated(let kind): return .generated(kind)
    case .generatedIfMissing(let kind): return .generatedIfMissing(kind)
    case .subdomain: return .constant(facts.subdomain)
    case .off: return .off
    case .userIsActive: return .userIsActive(user: key("user_profile"))
    case .groupMessageHash: return .groupHash(id: key("id"))
    case .groupMessageSize: return .groupSize(id: key("id"))
    case .renderedDescription: return .renderedDescription(description: key("description"))
    default: break
    }
    if column.references == TableName.realm, column.imported == .byCatalog, isPresent || column.isRequired,
      let realms = facts.maps[TableName.realm], realms.count == 1
    {
      return .organization(realms)
    }
    guard isPresent else {
      // A column that the archive lacks gets the table's default, or stays NULL.
      return column.isRequired && !column.hasDefault ? .neutral : nil
    }
    // Missing groups are created, and set in the group settings, once all rows are written.
    if isToGroup(column), facts.maps[TableName.userGroup]?.count ?? 0 == 0 { return .neutral }
    switch column.imported {
    case .reference(let other): return .reference(facts.maps[other] ?? IDMap(), optional: true)
    case .recipientTarget: return .recipientTarget(type: key("type"))
    case .emojiCode: return .emojiCode(type: key("reaction_type"), facts.maps[TableName.realmEmoji] ?? IDMap())
    case .emojiPart:
      return .emojiPart(
        type: key("reaction_type"), code: key("emoji_code"), facts.maps[TableName.realmEmoji] ?? IDMap())
    case .profileValue: return .profileValue(field: key("field"), facts.maps[TableName.userProfile] ?? IDMap())
    case .text(let form): return .text(form)
    case .uploadPath: return .uploadPath
    case .userOrFirstOwner: return .userOrFirstOwner(facts.maps[TableName.userProfile] ?? IDMap())
    default: break
    }
    if column.name == "id", let own = facts.maps[table.name] { return .reference(own, optional: false) }
    if column.references == TableName.recipient, table.rows == .messages || table.rows == .scheduledMessages {
      return .conversation(sender: key("sender"), facts.maps[TableName.recipient] ?? IDMap())
    }
    if let other = column.references {
      return .reference(facts.maps[other] ?? IDMap(), optional: !column.isRequired)
    }
    return .copy
  }

  private static func isToGroup(_ column: DataModel.Column) -> Bool {
    column.references == TableName.userGroup || column.references == TableName.namedUserGroup
  }

  /// The COPY statement of the table.
  private var copy: String {
    let format = RowSink.isBinary(columns.map(\.type)) ? " (FORMAT binary)" : ""
    return "COPY \(Identifier.quote(table.name)) (\(Identifier.list(columns.map(\.name)))) FROM STDIN\(format)"
  }

  /// Copies rows into the table.
  ///
  /// - Parameter feed: calls its argument with each row, read with ``keys``.
  /// - Returns: the number of rows written.
  func load(
    _ connection: Connection, remarks: inout Remarks, _ feed: ((RowReader) throws -> Void) throws -> Void
  ) throws -> Int {
    var local = remarks
    defer { remarks = local }
    return try connection.copyIn(copy) { writer in
      var sink = try RowSink(writer, types: columns.map(\.type))
      var scratch: [UInt8] = []
      try feed { row in
        if !keeps(row) {
          local.leftOut[table.name, default: 0] += 1
          return
        }
        try sink.beginRow()
        for column in columns { try write(column, row, &sink, &scratch, &local) }
        try sink.endRow()
      }
      try sink.finish()
    }
  }

  /// Returns whether the row is imported. Rows of the server's own bots exist on every server; merged conversations
  /// exist once; cloud plans allow some authentication methods to paying organizations only; a reaction with a missing
  /// custom emoji has no meaning.
  private func keeps(_ row: RowReader) -> Bool {
    if let ownerKey, let owner = row[ownerKey].int, facts.systemBots.contains(owner) { return false }
    if !leftOut.isEmpty, let leftOutKey, let id = row[leftOutKey].int, leftOut.contains(id) { return false }
    if table.rows == .reactions {
      for case .emojiCode(let type, let map) in columns.lazy.map(\.cell) {
        guard let code = columns.first(where: { $0.name == "emoji_code" })?.value else { break }
        return !Self.isGone(row[code], type: row[type], map)
      }
    }
    guard table.name == TableName.realmAuthenticationMethod, let allowed = facts.allowedAuthentication,
      let name = columns.first(where: { $0.name == "name" })
    else { return true }
    return allowed.contains(row[name.value].text ?? "")
  }

  // MARK: Cells

  private func write(
    _ column: Column, _ row: RowReader, _ sink: inout RowSink, _ scratch: inout [UInt8], _ remarks: inout Remarks
  ) throws {
    let value = row[column.value]
    switch column.cell {
    case .copy: try plain(value, column, row, &sink, &scratch, &remarks)
    case .reference(let map, let optional):
      guard let old = value.int else {
        if value.kind == .missing, table.isGroupSetting(column.name) { return try neutral(column, &sink) }
        guard optional else { throw unfit(column, row) }
        return try sink.null()
      }
      if let new = map[old] {
        try sink.integer(new, type: column.type)
      } else if table.isGroupSetting(column.name) {
        // The defaults of this server are set once the system groups are known.
        try neutral(column, &sink)
      } else if optional {
        try sink.null()
      } else {
        throw dangling(column, old, row)
      }
    case .recipientTarget(let type):
      guard let old = value.int, let map = targets(of: row[type].int), let new = map[old] else {
        throw dangling(column, value.int ?? 0, row)
      }
      try sink.integer(new, type: column.type)
    case .emojiCode(let type, let map):
      guard row[type].text == "realm_emoji", value.kind == .string else {
        return try plain(value, column, row, &sink, &scratch, &remarks)
      }
      guard let new = value.text.flatMap({ Int64($0) }).flatMap({ map[$0] }) else { return try empty(column, &sink) }
      try sink.text(String(new))
    case .emojiPart(let type, let code, let map):
      if Self.isGone(row[code], type: row[type], map) { return try empty(column, &sink) }
      try plain(value, column, row, &sink, &scratch, &remarks)
    case .organization(let realms):
      if value.kind == .null, !column.rule.isRequired { return try sink.null() }
      guard let id = value.kind == .missing ? realms.pairs.first?.new : value.int.flatMap({ realms[$0] }) else {
        throw dangling(column, value.int ?? 0, row)
      }
      try sink.integer(id, type: column.type)
    case .profileValue(let field, let map):
      guard let id = row[field].int, facts.userFields.contains(id) else {
        return try text(value, .markdown, column, row, &sink, &scratch, &remarks)
      }
      guard value.kind == .string else { return try plain(value, column, row, &sink, &scratch, &remarks) }
      try sink.text(renumbered(value.text ?? "[]", map, &remarks))
    case .generated(let kind): try generated(kind, column, &sink)
    case .generatedIfMissing(let kind):
      if value.kind == .string, !value.bytes.isEmpty, !facts.isCopy {
        try plain(value, column, row, &sink, &scratch, &remarks)
      } else {
        try generated(kind, column, &sink)
      }
    case .text(let form): try text(value, form, column, row, &sink, &scratch, &remarks)
    case .uploadPath:
      guard let old = value.text, let new = facts.uploadPaths[old] else {
        return try plain(value, column, row, &sink, &scratch, &remarks)
      }
      try sink.text(new)
    case .renderedDescription(let description):
      if let plain = row[description].text.flatMap({ PlainDescription.html($0) }) {
        try sink.text(plain)
      } else if value.kind == .string {
        try text(value, .html, column, row, &sink, &scratch, &remarks)
      } else {
        try sink.text(PlainDescription.escaped(row[description].text ?? ""))
      }
    case .userIsActive(let user):
      let id = row[user].int ?? 0
      try sink.bool(facts.activeUsers.contains(id) || facts.systemBots.contains(id))
    case .conversation(let sender, let map):
      guard let old = value.int else { return try plain(value, column, row, &sink, &scratch, &remarks) }
      guard let new = facts.conversations.recipient(old, sender: row[sender].int) ?? map[old] else {
        throw dangling(column, old, row)
      }
      try sink.integer(new, type: column.type)
    case .groupHash(let id): try sink.text(facts.conversations.hash(of: row[id].int ?? 0))
    case .groupSize(let id):
      try sink.integer(facts.conversations.size(of: row[id].int ?? 0) ?? value.int ?? 0, type: column.type)
    case .constant(let text): try sink.text(text)
    case .off: try sink.bool(false)
    case .userOrFirstOwner(let map):
      guard let id = value.int.flatMap({ map[$0] }) ?? facts.firstOwner else { return try sink.null() }
      try sink.integer(id, type: column.type)
    case .neutral: try neutral(column, &sink)
    }
  }

  private func plain(
    _ value: JSONScanner.Value, _ column: Column, _ row: RowReader, _ sink: inout RowSink, _ scratch: inout [UInt8],
    _ remarks: inout Remarks
  ) throws {
    if value.kind == .null { return try sink.null() }
    if value.kind == .missing { return try neutral(column, &sink) }
    func number<Number>(_ number: Number?) throws -> Number {
      guard let number else { throw unfit(column, row) }
      return number
    }
    if column.rule.fault(value) != nil { throw unfit(column, row) }
    switch column.type {
    case "int2", "int4", "int8": try sink.integer(number(value.int), type: column.type)
    case "bool":
      guard value.kind == .bool else { throw unfit(column, row) }
      try sink.bool(value.isTrue)
    case "timestamptz":
      try sink.moment(number(ValueRule.moment(value)))
    case "float8": try sink.double(number(value.double))
    case "uuid": try sink.uuid(number(ValueRule.uuid(value)))
    case "json", "jsonb":
      if value.kind == .string {
        // The quotes belong to the value.
        let quoted = JSONBuffer(capacity: value.bytes.count + 2)
        quoted.byte(0x22)
        quoted.raw(value.bytes)
        quoted.byte(0x22)
        try sink.json(quoted.bytes, type: column.type)
      } else {
        try sink.json(value.bytes, type: column.type)
      }
    case "text", "varchar", "bpchar", "citext", "name":
      guard value.kind == .string else { throw unfit(column, row) }
      guard value.isEscaped else { return try sink.text(value.bytes) }
      decode(value, into: &scratch)
      try scratch.withUnsafeBytes { try sink.text($0) }
    default: try sink.foreign(value, type: column.type)
    }
  }

  private func text(
    _ value: JSONScanner.Value, _ form: ColumnRule.TextForm, _ column: Column, _ row: RowReader,
    _ sink: inout RowSink, _ scratch: inout [UInt8], _ remarks: inout Remarks
  ) throws {
    guard value.kind == .string, column.rule.fault(value) == nil else {
      return try plain(value, column, row, &sink, &scratch, &remarks)
    }
    func rewritten(_ bytes: UnsafeRawBufferPointer) throws {
      var unknown = 0
      let changed = facts.rewriter.rewrite(bytes, form, unknown: &unknown)
      if unknown > 0 { remarks.unknownReferences["\(table.name).\(column.name)", default: 0] += unknown }
      guard let changed else { return try sink.text(bytes) }
      try changed.withUnsafeBytes { changed in
        if let limit = column.rule.maximumLength, TextLength.characters(of: changed) > limit {
          remarks.keptTexts["\(table.name).\(column.name)", default: 0] += 1
          return try sink.text(bytes)
        }
        try sink.text(changed)
      }
    }
    guard value.isEscaped else { return try rewritten(value.bytes) }
    decode(value, into: &scratch)
    try scratch.withUnsafeBytes(rewritten)
  }

  /// Decodes a JSON string without zero bytes, which JSON allows and PostgreSQL's text does not.
  private func decode(_ value: JSONScanner.Value, into scratch: inout [UInt8]) {
    scratch.removeAll(keepingCapacity: true)
    value.decode(into: &scratch)
    if scratch.contains(0) { scratch.removeAll { $0 == 0 } }
  }

  private func generated(_ kind: ColumnRule.Generated, _ column: Column, _ sink: inout RowSink) throws {
    let text = GeneratedValue.text(kind, brand: brand)
    if column.type == "uuid" { try sink.uuid(text) } else { try sink.text(text) }
  }

  private func neutral(_ column: Column, _ sink: inout RowSink) throws {
    guard let required = table.column(column.name), required.isRequired else { return try sink.null() }
    switch column.type {
    case "int2", "int4", "int8": try sink.integer(0, type: column.type)
    case "bool": try sink.bool(false)
    case "timestamptz": try sink.moment(Timestamp.now())
    case "float8": try sink.double(0)
    case "uuid": try sink.uuid(GeneratedValue.text(.uuid, brand: brand))
    case "json", "jsonb":
      try "{}".utf8.withContiguousStorageIfAvailable {
        try sink.json(UnsafeRawBufferPointer($0), type: column.type)
      }
    default: try sink.text(column.type.hasPrefix("_") ? "{}" : "")
    }
  }

  private func targets(of type: Int64?) -> IDMap? {
    switch type {
    case Int64(RecipientType.personal): facts.maps[TableName.userProfile]
    case Int64(RecipientType.channel): facts.maps[TableName.stream]
    case Int64(RecipientType.group): facts.maps[TableName.huddle]
    default: nil
    }
  }

  /// Renumbers a JSON list of user ids. Ids that the archive does not have are dropped: here they would be other users.
  private func renumbered(_ list: String, _ map: IDMap, _ remarks: inout Remarks) -> String {
    let ids = list.split { !$0.isNumber }.map { Int64($0).flatMap { map[$0] } }
    remarks.unknownFieldUsers += ids.count { $0 == nil }
    return "[\(ids.compactMap { $0.map(String.init) }.joined(separator: ","))]"
  }

  /// Returns whether a row's custom emoji is missing from the archive.
  private static func isGone(_ code: JSONScanner.Value, type: JSONScanner.Value, _ map: IDMap) -> Bool {
    guard type.text == "realm_emoji", code.kind == .string else { return false }
    return code.text.flatMap { Int64($0) }.flatMap { map[$0] } == nil
  }

  private func empty(_ column: Column, _ sink: inout RowSink) throws {
    if column.rule.isRequired { try sink.text("") } else { try sink.null() }
  }

  // MARK: Errors

  private func rowLabel(_ row: RowReader) -> String {
    "\(table.name) row \(idKey.flatMap { row[$0].int }.map(String.init) ?? "without an id")"
  }

  private func dangling(_ column: Column, _ id: Int64, _ row: RowReader) -> PlainFailure {
    PlainFailure(
      .damagedArchive, rowLabel(row),
      "refers by \(column.name) to \(id), which is not in the archive",
      remedy: "the archive is incomplete: make it again")
  }

  private func unfit(_ column: Column, _ row: RowReader) -> PlainFailure {
    PlainFailure(
      .damagedArchive, rowLabel(row), "has a value in \(column.name) that does not fit its type \(column.type)",
      remedy: "make the archive again with the same version of the server")
  }
}
