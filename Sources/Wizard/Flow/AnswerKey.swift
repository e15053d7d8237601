/// The name of an answer, `step.field`, with the type of its value.
///
/// A flow reads `answers[Key.subdomain]`; the key defines the value of an unanswered field.
struct AnswerKey<Value: AnswerValue>: Sendable {
  /// The name in answers files: "address.subdomain".
  let name: String
  /// The value of an unanswered field.
  let unanswered: Value

  init(_ name: String, unanswered: Value) {
    self.name = name
    self.unanswered = unanswered
  }
}

/// A type of answers.
protocol AnswerValue: Sendable, Equatable {
  /// Returns nil if the answer has another type, or names no case.
  init?(answer: Answer)

  var answer: Answer { get }
}

/// A type with a value that means "unanswered".
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

/// A choice among the cases of an enum; answers files contain the raw values.
extension AnswerValue where Self: RawRepresentable, RawValue == String {
  init?(answer: Answer) {
    guard case .text(let text) = answer else { return nil }
    self.init(rawValue: text)
  }

  var answer: Answer { .text(rawValue) }
}
