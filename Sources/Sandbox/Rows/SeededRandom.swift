/// A generator whose sequence depends on its seed only (SplitMix64): the same seed creates the same organization.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// Derives the seed from a text and a number.
  init(_ text: String, seed: UInt64 = 0) {
    state = text.utf8.reduce(0xCBF2_9CE4_8422_2325 ^ seed) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func number(in range: Range<Int>) -> Int { Int.random(in: range, using: &self) }

  mutating func chance(_ percent: Int) -> Bool { number(in: 0..<100) < percent }

  /// Returns one of the elements, of which there must be at least one.
  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(in: 0..<elements.count)] }

  mutating func token(_ count: Int, from alphabet: Alphabet) -> String {
    let letters = alphabet.letters
    return String(decoding: (0..<count).map { _ in letters[number(in: 0..<letters.count)] }, as: UTF8.self)
  }

  mutating func uuid() -> String { RandomUUID.make(using: &self) }

  enum Alphabet {
    case alphanumeric, urlSafe, hexadecimal

    var letters: [UInt8] {
      let plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
      return switch self {
      case .alphanumeric: Array(plain.utf8)
      case .urlSafe: Array((plain + "-_").utf8)
      case .hexadecimal: Array("0123456789abcdef".utf8)
      }
    }
  }
}
