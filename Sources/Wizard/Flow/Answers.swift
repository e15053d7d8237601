import Common

/// The operator's answer to a field.
enum Answer: Sendable, Equatable {
  case text(String)
  case flag(Bool)
  case list([String])
  case map([String: String])
}

/// All answers so far, by `step.field`. A plain value that can be written and read; secrets are contained only in
/// memory, and are never written.
struct Answers: Sendable, Equatable {
  private var values: [String: Answer] = [:]
  private var secrets: [String: Secret] = [:]
  /// The answers in words, and the details of chosen rows. Not written: lookups find them again.
  private var labels: [String: String] = [:]
  private var details: [String: [String: String]] = [:]
  /// The names of answers that are paths, see ``path(_:)``. Not written: the fields are known.
  private var paths: Set<String> = []

  init(_ values: [String: Answer] = [:]) {
    self.values = values
  }

  /// The raw answer by name.
  subscript(name: String) -> Answer? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// The answered value; the key's default if unanswered.
  subscript<Value>(key: AnswerKey<Value>) -> Value {
    get { given(key) ?? key.unanswered }
    set { values[key.name] = newValue.answer }
  }

  /// Returns the answered value; nil if there is none of the key's type. Paths are absolute, however they were typed.
  func given<Value>(_ key: AnswerKey<Value>) -> Value? {
    if let path = path(key.name) { return Value(answer: .text(path)) }
    return values[key.name].flatMap { Value(answer: $0) }
  }

  /// Returns the absolute path of an answer, for the folder in which the program was started; nil for other answers,
  /// for an empty path, and for one that cannot be resolved.
  func path(_ key: String) -> String? {
    guard paths.contains(key), let text = text(key), !text.isEmpty, TypedPath.problem(text) == nil else { return nil }
    return TypedPath.normalized(text)
  }

  /// Declares an answer to be a path.
  mutating func set(path key: String) { paths.insert(key) }

  /// Returns a text as it was typed.
  func text(_ key: String) -> String? {
    if case .text(let text) = values[key] { text } else { nil }
  }

  func flag(_ key: String) -> Bool? {
    if case .flag(let flag) = values[key] { flag } else { nil }
  }

  func list(_ key: String) -> [String] {
    if case .list(let list) = values[key] { list } else { [] }
  }

  func map(_ key: String) -> [String: String] {
    if case .map(let map) = values[key] { map } else { [:] }
  }

  func secret(_ key: String) -> Secret? { secrets[key] }

  mutating func set(secret: Secret?, for key: String) { secrets[key] = secret }

  /// Returns the answer in words; the raw answer if there are none.
  func label(_ key: String) -> String { labels[key] ?? text(key) ?? "" }

  func label(_ key: AnswerKey<some AnswerValue>) -> String { label(key.name) }

  /// Returns a detail of the chosen row.
  func detail(_ key: String, _ name: String) -> String? { details[key]?[name] }

  func detail(_ key: AnswerKey<some AnswerValue>, _ name: String) -> String? { detail(key.name, name) }

  mutating func set(label: String?, for key: String) { labels[key] = label }
  mutating func set(details: [String: String], for key: String) { self.details[key] = details }
}

extension Answer: Codable {
  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let flag = try? container.decode(Bool.self) {
      self = .flag(flag)
    } else if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let list = try? container.decode([String].self) {
      self = .list(list)
    } else {
      self = .map(try container.decode([String: String].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .flag(let flag): try container.encode(flag)
    case .list(let list): try container.encode(list)
    case .map(let map): try container.encode(map)
    }
  }
}

extension Answers: Codable {
  init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([String: Answer].self))
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(values)
  }
}
