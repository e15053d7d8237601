/// What is learned of one table while its rows pass: its ids, and the ids that its rows refer to.
struct TableCheck {
  /// Values that some tables are asked for besides their references.
  enum Field: String, CaseIterable {
    case type, type_id, emoji_code, reaction_type, path_id, file_name, email, name, string_id, recipient_id, deactivated
    case size, path, date_sent
  }

  private enum Role {
    case ignored
    case id
    case reference(Int)
    case field(Field)
  }

  let table: String
  private(set) var rows: Int64 = 0
  private(set) var ids = IDSet()
  private(set) var firstDuplicate: Int64?
  private(set) var references: [(key: String, target: KnownReferences.Target, ids: IDSet)] = []
  /// The fields of the current row; what is not there is `.missing`.
  private(set) var fields: [JSONScanner.Value]
  private(set) var currentID: Int64?
  private var keys = RowKeys()
  /// The role of each of them.
  private var roles: [Role] = []

  init(_ table: String) {
    self.table = table
    fields = Array(repeating: .missing, count: Self.fieldIndex.count)
  }

  private static let fieldIndex = Dictionary(
    uniqueKeysWithValues: Field.allCases.enumerated().map { ($1, $0) })

  subscript(_ field: Field) -> JSONScanner.Value { fields[Self.fieldIndex[field] ?? 0] }

  /// Reads a row that is known to be sound JSON.
  mutating func read(_ row: UnsafeRawBufferPointer, document: String) throws {
    rows += 1
    for index in fields.indices { fields[index] = .missing }
    currentID = nil
    keys.beginRow()
    var scanner = JSONScanner(row, name: document)
    try scanner.object { scanner, key in
      let index = try keys.index(of: key, scanner)
      while roles.count <= index { roles.append(role(of: keys.names[roles.count])) }
      try take(try scanner.value(), roles[index], document)
    }
    if let currentID, !ids.insert(currentID), firstDuplicate == nil { firstDuplicate = currentID }
  }

  private mutating func take(_ value: JSONScanner.Value, _ role: Role, _ document: String) throws {
    switch role {
    case .ignored: break
    case .id: currentID = value.int
    case .field(let field): fields[Self.fieldIndex[field] ?? 0] = value
    case .reference(let index):
      if let id = value.int {
        references[index].ids.insert(id)
      } else if value.kind == .array {
        var scanner = JSONScanner(value.bytes, name: document)
        var found: [Int64] = []
        try scanner.array { scanner in
          if let id = try scanner.value().int { found.append(id) }
        }
        found.forEach { references[index].ids.insert($0) }
      }
    }
  }

  private mutating func role(of key: String) -> Role {
    if key == "id" { return .id }
    guard let target = KnownReferences.target(of: key) else {
      return Field(rawValue: key).map { .field($0) } ?? .ignored
    }
    references.append((key, target, IDSet()))
    return .reference(references.count - 1)
  }

  /// Adds a reference that no key of this name makes.
  mutating func refer(to target: KnownReferences.Target, as key: String, _ id: Int64) {
    if let known = references.firstIndex(where: { $0.key == key && $0.target == target }) {
      references[known].ids.insert(id)
    } else {
      var ids = IDSet()
      ids.insert(id)
      references.append((key, target, ids))
    }
  }
}
