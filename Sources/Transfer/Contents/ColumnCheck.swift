import Server

/// The checks of one column's values, by how an import treats them: the counterpart of the cells that ``TableLoader``
/// writes.
struct ColumnCheck {
  enum Rule {
    /// The import generates the value.
    case unread
    /// The row's own id.
    case identity
    case value(ValueRule)
    /// An id, with the index of its reference.
    case reference(Int)
    /// `recipient.type_id`: the slot of the type, and the references by type.
    case recipientTarget(type: Int, [Int64: Int])
    /// A reaction's emoji, with the slot of the reaction's type.
    case emojiCode(type: Int, reference: Int, ValueRule)
    /// A list of ids that belong to a joining table.
    case identifiers(Int)
    /// A UUID, or an empty text, for which one is generated.
    case uuidIfAny(ValueRule)
  }

  let column: DataModel.Column
  let rule: Rule
  let slot: Int
  /// The slot of the value in archives that use the column's own name as the key.
  let otherSlot: Int?
  /// Whether it refers to the row's own organization; then no value is required.
  private let isOrganization: Bool
  /// Whether it is a setting that names a group: without one, the server's default is used.
  let isSetting: Bool

  init(
    _ column: DataModel.Column, of table: DataModel.Table, spaces: IDSpaces, references: inout [ReferenceCheck],
    slot: (String) -> Int
  ) {
    self.column = column
    self.slot = slot(column.key)
    otherSlot = column.name == column.key ? nil : slot(column.name)
    isOrganization = column.references == TableName.realm
    isSetting = table.isGroupSetting(column.name)
    func add(_ target: String, _ consequence: ReferenceCheck.Consequence) -> Int {
      references.append(
        ReferenceCheck(
          column: column.name, space: spaces[target], noun: TableNoun.one(target), consequence: consequence))
      return references.count - 1
    }
    if let joined = Self.joinedTable(column) {
      rule = .identifiers(add(joined, .cleared))
      return
    }
    switch column.imported {
    case .byCatalog:
      if column.name == "id", table.hasID {
        rule = .identity
      } else if let target = column.references {
        rule = .reference(add(target, isSetting ? .reset : column.isRequired ? .refused : .cleared))
      } else {
        rule = .value(ValueRule(column))
      }
    case .reference(let target): rule = .reference(add(target, .cleared))
    case .recipientTarget:
      let targets = [
        Int64(RecipientType.personal): TableName.userProfile,
        Int64(RecipientType.channel): TableName.stream,
        Int64(RecipientType.group): TableName.huddle,
      ]
      rule = .recipientTarget(type: slot("type"), targets.mapValues { add($0, .refused) })
    case .emojiCode:
      let consequence: ReferenceCheck.Consequence = table.rows == .reactions ? .leftOut : .cleared
      rule = .emojiCode(
        type: slot("reaction_type"), reference: add(TableName.realmEmoji, consequence), ValueRule(column))
    case .text, .profileValue, .uploadPath, .renderedDescription, .emojiPart: rule = .value(ValueRule(column))
    case .generatedIfMissing(.uuid): rule = .uuidIfAny(ValueRule(column))
    default: rule = .unread
    }
  }

  /// Returns the table whose ids a key lists that only exports have; nil for all other columns.
  static func joinedTable(_ column: DataModel.Column) -> String? {
    guard case .identifiers(_, let child) = column.exported else { return nil }
    return child == "message_id" ? TableName.message : TableName.scheduledMessage
  }

  /// The column as texts name it.
  var name: String { column.name }

  var isReference: Bool {
    switch rule {
    case .reference, .recipientTarget: true
    default: false
    }
  }

  /// Whether the column gets the value of the archive, apart from new ids.
  var isTakenOver: Bool {
    switch rule {
    case .unread, .uuidIfAny: false
    default: true
    }
  }

  /// Whether a row without a value needs a substitute.
  var isNeeded: Bool {
    if case .unread = rule { return false }
    return column.isRequired && !column.hasDefault && !isOrganization
  }

  /// Whether a value is required even in an archive of another version.
  var isNeededAlways: Bool {
    switch rule {
    case .recipientTarget: true
    case .reference: !isSetting
    default: false
    }
  }

  /// The properties of the column that a unique index needs.
  var forUniqueness: UniqueKeys.Column {
    // Times and UUIDs are generated individually.
    let isFilled = isNeeded && !isReference && !["timestamptz", "uuid"].contains(column.type)
    return UniqueKeys.Column(slot: slot, otherSlot: otherSlot, type: column.type, isFilled: isFilled)
  }
}

/// The ids of each table. Named groups share the ids of their groups.
final class IDSpaces {
  private var spaces: [String: IDSpace] = [:]

  subscript(_ table: String) -> IDSpace {
    let name = table == TableName.namedUserGroup ? TableName.userGroup : table
    if let known = spaces[name] { return known }
    let made = IDSpace()
    spaces[name] = made
    return made
  }
}
