/// The place of an answer, as `step.field`, and the type of its value.
///
/// A flow reads `answers[Key.subdomain]`: the key says what the value is where nothing was answered.
struct AnswerKey<Value: AnswerValue>: Sendable {
  /// "address.subdomain": what answers files call it.
  let name: String
  /// The value where the field was not answered.
  let unanswered: Value

  init(_ name: String, unanswered: Value) {
    self.name = name
    self.unanswered = unanswered
  }
}

/// A type that an answer can have.
protocol AnswerValue: Sendable, Equatable {
  /// Nil where the answer is of another type, or names no case.
  init?(answer: Answer)

  var answer: Answer { get }
}

/// A type with a value that means: not answered.
protocol EmptyAnswerValue: AnswerValue {
  static var unanswered: Self { get }
}

extension AnswerKey: ExpressibleByUnicodeScalarLiteral where Value: EmptyAnswerValue {}
extension AnswerKey: ExpressibleByExtendedGraphemeClusterLiteral where Value: EmptyAnswerValue {}
extension AnswerKey: ExpressibleByStringLiteral where Value: EmptyAnswerValue {
  init(stringLiteral name: String) { self.init(name, unanswered: .unanswered) }
}

extension String: EmptyAnswerValue {
  static var unanswered: String { "" }

  init?(answer: Answer) {
    guard case .text(let text) = answer else { return nil }
    self = text
  }

  var answer: Answer { .text(self) }
}

extension Bool: EmptyAnswerValue {
  static var unanswered: Bool { false }

  init?(answer: Answer) {
    guard case .flag(let flag) = answer else { return nil }
    self = flag
  }

  var answer: Answer { .flag(self) }
}

extension [String]: EmptyAnswerValue, AnswerValue {
  static var unanswered: [String] { [] }

  init?(answer: Answer) {
    guard case .list(let list) = answer else { return nil }
    self = list
  }

  var answer: Answer { .list(self) }
}

extension [String: String]: EmptyAnswerValue, AnswerValue {
  static var unanswered: [String: String] { [:] }

  init?(answer: Answer) {
    guard case .map(let map) = answer else { return nil }
    self = map
  }

  var answer: Answer { .map(self) }
}

/// A choice among the cases of an enum, whose raw values are what answers files say.
extension AnswerValue where Self: RawRepresentable, RawValue == String {
  init?(answer: Answer) {
    guard case .text(let text) = answer else { return nil }
    self.init(rawValue: text)
  }

  var answer: Answer { .text(rawValue) }
}
