/// Changes inputs: flips bits, removes and repeats pieces, inserts pieces of other inputs, numbers at the limits of
/// integer types, and tokens of the format.
///
/// The changes depend only on the seed of the generator.
public struct Mutator {
  /// Words of the format, in addition to ``numbers`` and ``texts``, which are used for every format.
  public let tokens: [[UInt8]]
  /// The maximum length of a mutated input, in bytes.
  public let largest: Int
  private var dice: Dice

  public init(seed: UInt64, tokens: [String] = [], largest: Int = 1 << 16) {
    self.tokens = tokens.map { Array($0.utf8) }
    self.largest = largest
    dice = Dice(seed: seed)
  }

  /// Numbers, as text, that often cause faults.
  public static let numbers: [[UInt8]] = [
    "0", "-0", "-1", "1", "00", "127", "128", "255", "256", "32767", "32768", "65535", "65536", "2147483647",
    "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296", "253402300799", "253402300800",
    "99999999999999", "-99999999999999", "9007199254740993", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
    "99999999999999999999", "9223372036854.775807", "9223372036854.775808", "-62135596801", "1e300", "-1e300", "1e400",
    "1e-400", "0.1", ".5", "5.", "1.7976931348623157e308", "NaN", "Infinity", "-Infinity", "0x10", "1_000", "+1",
  ].map { Array($0.utf8) }

  /// Pieces of text that often cause faults.
  public static let texts: [[UInt8]] = [
    [0], [0x0A], [0x0D, 0x0A], [0x1B, 0x5B, 0x32, 0x4A], [0x7F], [0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80],
    [0xF4, 0x90, 0x80, 0x80], [0xFF, 0xFE], [0xEF, 0xBB, 0xBF], [0xE2, 0x80, 0xAE], [0x5C], [0x22], [0x27],
    [0x25, 0x73],
    Array("../".utf8), Array("/".utf8), Array("./".utf8), Array("//".utf8), Array("\\ud800".utf8),
    Array("\\u0000".utf8), [UInt8](repeating: 0x61, count: 300), Array("e\u{301}".utf8), Array("👩‍👩‍👧".utf8),
  ]

  /// Returns `input` with one to eight changes.
  ///
  /// - Parameter others: inputs whose pieces are inserted: the corpus.
  public mutating func mutate(_ input: [UInt8], others: [[UInt8]]) -> [UInt8] {
    var bytes = input
    var changes = 1
    while changes < 8, !dice.once(in: 3) { changes += 1 }
    for _ in 0..<changes { change(&bytes, others) }
    return bytes.count > largest ? Array(bytes.prefix(largest)) : bytes
  }

  private mutating func change(_ bytes: inout [UInt8], _ others: [[UInt8]]) {
    switch dice.below(12) {
    case 0: flip(&bytes)
    case 1: overwrite(&bytes)
    case 2: bytes.removeSubrange(piece(of: bytes, longest: 64))
    case 3: bytes.removeLast(dice.once(in: 4) ? dice.below(bytes.count + 1) : dice.below(min(bytes.count, 16) + 1))
    case 4: bytes.insert(contentsOf: bytes[piece(of: bytes, longest: 256)], at: dice.below(bytes.count + 1))
    case 5: repeatPiece(&bytes)
    case 6: splice(&bytes, others)
    case 7, 8: number(&bytes)
    case 9: token(&bytes)
    case 10: swap(&bytes)
    default: integer(&bytes)
    }
  }

  private mutating func piece(of bytes: [UInt8], longest: Int) -> Range<Int> {
    guard !bytes.isEmpty else { return 0..<0 }
    let start = dice.below(bytes.count)
    let length = 1 + dice.below(min(dice.once(in: 8) ? bytes.count : longest, bytes.count - start))
    return start..<min(start + length, bytes.count)
  }

  private mutating func flip(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return }
    bytes[dice.below(bytes.count)] ^= 1 << UInt8(dice.below(8))
  }

  private mutating func overwrite(_ bytes: inout [UInt8]) {
    let edge: [UInt8] = [0, 1, 9, 10, 13, 0x1B, 0x20, 0x22, 0x5C, 0x7F, 0x80, 0xC0, 0xFE, 0xFF]
    for index in piece(of: bytes, longest: 8) {
      bytes[index] = dice.once(in: 2) ? edge[dice.below(edge.count)] : UInt8(truncatingIfNeeded: dice.next())
    }
  }

  private mutating func repeatPiece(_ bytes: inout [UInt8]) {
    let range = piece(of: bytes, longest: 32)
    guard !range.isEmpty else { return }
    let times = dice.once(in: 3) ? 1 + dice.below(2000) : 1 + dice.below(20)
    let fitting = min(times, max(1, largest / range.count))
    bytes.insert(contentsOf: Array(repeating: Array(bytes[range]), count: fitting).joined(), at: range.upperBound)
  }

  private mutating func splice(_ bytes: inout [UInt8], _ others: [[UInt8]]) {
    guard !others.isEmpty else { return }
    let other = others[dice.below(others.count)]
    if dice.once(in: 4) {
      bytes = Array(bytes.prefix(dice.below(bytes.count + 1)) + other.suffix(dice.below(other.count + 1)))
    } else {
      bytes.replaceSubrange(piece(of: bytes, longest: 64), with: other[piece(of: other, longest: 256)])
    }
  }

  /// Replaces a number by another one.
  private mutating func number(_ bytes: inout [UInt8]) {
    let new = Self.numbers[dice.below(Self.numbers.count)]
    guard !bytes.isEmpty else { return bytes.append(contentsOf: new) }
    var start = dice.below(bytes.count)
    var steps = 0
    while !Self.isDigit(bytes[start]), steps < bytes.count {
      start = (start + 1) % bytes.count
      steps += 1
    }
    var end = start
    while start > 0, Self.isDigit(bytes[start - 1]) { start -= 1 }
    while end < bytes.count, Self.isDigit(bytes[end]) { end += 1 }
    bytes.replaceSubrange(start..<end, with: new)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private mutating func token(_ bytes: inout [UInt8]) {
    let isOwn = !tokens.isEmpty && !dice.once(in: 3)
    let new = isOwn ? tokens[dice.below(tokens.count)] : Self.texts[dice.below(Self.texts.count)]
    if dice.once(in: 2) {
      bytes.insert(contentsOf: new, at: dice.below(bytes.count + 1))
    } else {
      bytes.replaceSubrange(piece(of: bytes, longest: max(new.count, 1)), with: new)
    }
  }

  /// Exchanges two pieces of equal length.
  private mutating func swap(_ bytes: inout [UInt8]) {
    let first = piece(of: bytes, longest: 32)
    guard !first.isEmpty else { return }
    let second = dice.below(bytes.count - first.count + 1)
    for offset in 0..<first.count { bytes.swapAt(first.lowerBound + offset, second + offset) }
  }

  /// Writes an integer of 1, 2, 4 or 8 bytes, in either order.
  private mutating func integer(_ bytes: inout [UInt8]) {
    let width = [1, 2, 4, 8][dice.below(4)]
    guard bytes.count >= width else { return }
    let values: [UInt64] = [
      0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, UInt64(Int64.max),
      UInt64(Int64.max) + 1, .max,
    ]
    let value = values[dice.below(values.count)]
    let start = dice.below(bytes.count - width + 1)
    let isBig = dice.once(in: 2)
    for offset in 0..<width {
      let place = isBig ? width - 1 - offset : offset
      bytes[start + place] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(offset)))
    }
  }
}
