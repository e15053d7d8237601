import Common
import JSON
import Server

/// Collects the ids, keys and references of one table while its rows are read, and reports problems.
///
/// Built from the model of a server, or of the known versions if there is none: by the same rules, in the same order,
/// by which ``TableLoader`` writes the rows.
final class TableContents {
  /// The tables with a meaning beyond their columns.
  enum Meaning: String {
    case message = "zerver_message"
    case userMessage = "zerver_usermessage"
    case organization = "zerver_realm"
    case user = "zerver_userprofile"
    case recipient = "zerver_recipient"
    case attachment = "zerver_attachment"
    case emoji = "zerver_realmemoji"
  }

  let name: String
  let meaning: Meaning?
  private(set) var rows: Int64 = 0
  /// The keys that any row had.
  var keys: Set<String> {
    Set(reader.unwanted).union(slots.filter { seen[$0.value] }.keys)
  }
  /// The ids of the rows in order, if they are kept.
  private(set) var orderedIDs: [Int64] = []
  private(set) var references: [ReferenceCheck] = []
  /// The number of rows with a value for each required column.
  private var valued: [Int64]
  private(set) var currentID: Int64?

  /// Whether the model describes all known versions instead of a server.
  private let isAssumed: Bool
  private let columns: [ColumnCheck]
  private let slots: [String: Int]
  private let idSlot: Int?
  private let space: IDSpace?
  private let keepsIDs: Bool
  private var uniques: [UniqueKeys]
  private var reader: RowReader
  /// Whether any row had a value for each slot.
  private var seen: [Bool]
  private var document = ""
  private var number: Int64 = 0

  /// - Parameters:
  ///   - spaces: collects the ids of each table.
  ///   - extra: keys that the caller reads besides those of columns.
  init(_ table: DataModel.Table, _ model: DataModel, spaces: IDSpaces, keepsIDs: Bool, extra: [String] = []) {
    name = table.name
    isAssumed = model.catalog.schema == KnownSchema.catalog.schema
    meaning = Meaning(rawValue: table.name)
    // Ids that an import does not use have no meaning: those of user-message rows, the largest table.
    let hasIdentity = table.hasID && table.column("id")?.imported != .ignored
    self.keepsIDs = keepsIDs && hasIdentity
    space = hasIdentity ? spaces[table.name] : nil
    var slots: [String: Int] = [:]
    func slot(_ key: String) -> Int {
      if let known = slots[key] { return known }
      slots[key] = slots.count
      return slots.count - 1
    }
    var references: [ReferenceCheck] = []
    columns = table.columns.filter { !$0.type.isEmpty || ColumnCheck.joinedTable($0) != nil }.map { column in
      ColumnCheck(column, of: table, spaces: spaces, references: &references, slot: slot)
    }
    for key in extra { _ = slot(key) }
    self.references = references
    let written = Dictionary(uniqueKeysWithValues: columns.map { ($0.column.name, $0) })
    uniques = (model.catalog[table.name].map(UniqueRule.rules(of:)) ?? []).compactMap { rule in
      // Values that the import generates or takes from elsewhere cannot collide.
      let found = rule.columns.compactMap { written[$0] }
      guard found.count == rule.columns.count, found.allSatisfy(\.isTakenOver) else { return nil }
      return UniqueKeys(rule, found.map(\.forUniqueness))
    }
    self.slots = slots
    idSlot = slots["id"]
    reader = RowReader(keys: slots.sorted { $0.value < $1.value }.map(\.key))
    seen = Array(repeating: false, count: slots.count)
    valued = Array(repeating: 0, count: columns.count)
  }

  /// Returns the value of a key in the current row.
  subscript(_ key: String) -> JSONScanner.Value { slots[key].map { reader[$0] } ?? .missing }

  /// Begins a document with rows of this table.
  func begin(_ document: String) {
    self.document = document
    number = 0
  }

  /// Forgets the keys of unique indexes: the following rows cannot have the same keys.
  func forgetKeys() {
    for index in uniques.indices { uniques[index].removeAll() }
  }

  var place: RowPlace { RowPlace(document: document, number: number, id: currentID) }

  // MARK: Single rows

  /// Reads a row that is valid JSON.
  func read(_ row: UnsafeRawBufferPointer, _ findings: inout ContentFindings) throws {
    rows += 1
    number += 1
    var scanner = JSONScanner(row, name: document)
    try reader.read(&scanner)
    let fields = reader.values
    for slot in seen.indices where !seen[slot] { seen[slot] = fields[slot].kind != .missing }
    identify(&findings)
    for index in columns.indices { check(index, fields, &findings) }
    for index in uniques.indices where !uniques[index].insert(fields) {
      let columns = uniques[index].rule.parts.map(\.column).joined(separator: ", ")
      problem(nil, "is the same as an earlier row in \(columns)", &findings)
    }
  }

  private func identify(_ findings: inout ContentFindings) {
    currentID = idSlot.map { reader[$0] }?.int
    guard let space, let id = currentID else { return }
    if !space.insert(id) { problem("id", "is there twice", &findings) }
    if keepsIDs { orderedIDs.append(id) }
  }

  private func check(_ index: Int, _ fields: [JSONScanner.Value], _ findings: inout ContentFindings) {
    let check = columns[index]
    var value = fields[check.slot]
    if value.kind == .missing, let other = check.otherSlot { value = fields[other] }
    if value.kind != .missing { valued[index] += 1 }
    switch check.rule {
    case .unread: break
    case .identity:
      if value.kind != .missing, value.int == nil { problem(check.name, "is no id", &findings) }
    case .value(let rule):
      if let fault = rule.fault(value) { problem(check.name, fault, &findings) }
      if value.isEscaped { TextRepairs.count(value, in: name, &findings) }
    case .reference(let reference): refer(reference, check, value, &findings)
    case .recipientTarget(let type, let targets):
      guard let kind = fields[type].int, let reference = targets[kind] else {
        return problem(check.name, "belongs to a recipient of no known type", &findings)
      }
      refer(reference, check, value, &findings)
    case .emojiCode(let type, let reference, let rule):
      if let fault = rule.fault(value) { problem(check.name, fault, &findings) }
      guard fields[type].text == "realm_emoji", value.kind == .string else { return }
      // A value that is not a number is not the id of an emoji.
      references[reference].refer(to: value.text.flatMap { Int64($0) } ?? -1, from: place)
    case .identifiers(let reference):
      guard value.kind == .array else { return }
      eachID(value) { references[reference].refer(to: $0, from: place) }
    case .uuidIfAny(let rule):
      if value.kind != .string || !value.bytes.isEmpty, let fault = rule.fault(value) {
        problem(check.name, fault, &findings)
      }
    }
  }

  private func refer(
    _ reference: Int, _ check: ColumnCheck, _ value: JSONScanner.Value, _ findings: inout ContentFindings
  ) {
    if let id = value.int {
      references[reference].refer(to: id, from: place)
    } else if value.kind == .null {
      if check.column.isRequired { problem(check.name, "is null, which this column cannot be", &findings) }
    } else if value.kind != .missing {
      problem(check.name, "is no id", &findings)
    }
  }

  private func eachID(_ list: JSONScanner.Value, _ body: (Int64) -> Void) {
    var scanner = JSONScanner(list.bytes, name: document)
    try? scanner.array { scanner in
      if let id = try scanner.value().int { body(id) }
    }
  }

  private func problem(_ column: String?, _ text: String, _ findings: inout ContentFindings) {
    findings.problem(name, "\(place.text): " + (column.map { "\($0) " } ?? "") + text)
  }

  // MARK: All rows

  /// Checks what is known only when all rows of all tables were read.
  func finish(_ findings: inout ContentFindings, groupsAreMade: Bool) {
    for reference in references where !(groupsAreMade && reference.space.isEmpty && reference.isToGroup) {
      for missing in reference.missing() {
        switch reference.consequence {
        case .refused:
          findings.problem(
            name,
            "\(missing.place.text): \(reference.column) refers to \(missing.id): the archive has no \(reference.noun) "
              + "\(missing.id)" + (missing.count > 1 ? " (\(missing.count) rows)" : ""))
        case .cleared: findings.repair(name, .cleared(reference), count: missing.count)
        case .leftOut: findings.repair(name, .leftOut(reference), count: missing.count)
        case .reset: findings.repair(name, .reset(reference), count: missing.count)
        }
      }
    }
    for (index, check) in columns.enumerated() where valued[index] < rows {
      if case .identity = check.rule, valued[index] > 0 || TableNoun.hasOne(name) {
        findings.problem(name, "\(Amount.of(rows - valued[index], "row")) without an id")
      }
      guard check.isNeeded else { continue }
      // A column that no row has is left to the server, as in archives of other versions.
      if valued[index] == 0, !check.isNeededAlways { continue }
      // Rows with unknown keys may contain the column under a name of a later version.
      if valued[index] == 0, isAssumed, !reader.unwanted.isEmpty { continue }
      let lacking = Int(clamping: rows - valued[index])
      if check.isReference, !check.isSetting {
        findings.problem(name, "\(Amount.of(Int64(lacking), "row")) without \(check.name)")
      } else {
        findings.repair(name, .filled(check.name), count: lacking)
      }
    }
  }
}

extension ReferenceCheck {
  var isToGroup: Bool { noun == TableNoun.one(TableName.userGroup) }
}

extension ContentFindings.RepairText {
  static func cleared(_ reference: ReferenceCheck) -> Self {
    let what = "to a \(reference.noun) that is not in the archive"
    return Self(
      one: "reference by \(reference.column) \(what) is left empty",
      many: "references by \(reference.column) \(what) are left empty")
  }

  static func leftOut(_ reference: ReferenceCheck) -> Self {
    let what = "because the \(reference.noun) of \(reference.column) is not in the archive"
    return Self(one: "row is left out, \(what)", many: "rows are left out, \(what)")
  }

  static func reset(_ reference: ReferenceCheck) -> Self {
    let what = "a \(reference.noun) that is not in the archive: the server's default is used"
    return Self(one: "setting \(reference.column) names \(what)", many: "settings \(reference.column) name \(what)")
  }

  static func filled(_ column: String) -> Self {
    Self(one: "row has no \(column): it is set to nothing", many: "rows have no \(column): it is set to nothing")
  }
}
