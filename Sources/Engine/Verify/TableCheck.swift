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
  /// What the keys of the last row were, in their order: rows of a table are alike.
  private var pattern: [(key: [UInt8], role: Role)] = []

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
    var place = 0
    var scanner = JSONScanner(row, name: document)
    try scanner.object { scanner, key in
      let role: Role
      if place < pattern.count, pattern[place].key.count == key.count,
        pattern[place].key.withUnsafeBytes({ $0.elementsEqual(key) })
      {
        role = pattern[place].role
      } else {
        role = learn(key, at: place)
      }
      place += 1
      try take(try scanner.value(), role, document)
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

  private mutating func learn(_ key: UnsafeRawBufferPointer, at place: Int) -> Role {
    let text = String(decoding: key, as: UTF8.self)
    let role: Role
    if text == "id" {
      role = .id
    } else if let target = KnownReferences.target(of: text) {
      if let known = references.firstIndex(where: { $0.key == text }) {
        role = .reference(known)
      } else {
        references.append((text, target, IDSet()))
        role = .reference(references.count - 1)
      }
    } else {
      role = Field(rawValue: text).map { .field($0) } ?? .ignored
    }
    let entry = (key: Array(key), role: role)
    if place < pattern.count { pattern[place] = entry } else if place == pattern.count { pattern.append(entry) }
    return role
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
