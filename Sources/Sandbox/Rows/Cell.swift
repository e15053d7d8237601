/// A value of a row in PostgreSQL's text format; nil is NULL.
struct Cell: Sendable, Equatable, ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByStringInterpolation
{
  let text: String?

  init(_ text: String?) { self.text = text }
  init(_ number: Int?) { text = number.map(String.init) }
  init(_ flag: Bool) { text = flag ? "t" : "f" }
  init(_ time: SampleTime?) { text = time?.text }
  init(nilLiteral: ()) { text = nil }
  init(booleanLiteral flag: Bool) { self.init(flag) }
  init(integerLiteral number: Int) { self.init(number) }
  init(stringLiteral text: String) { self.init(text) }
}

/// The values of a row by column.
typealias Fields = [String: Cell]
