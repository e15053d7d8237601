import Common
import JSON

/// Counts the changes to a text that the database requires: it holds neither zero bytes nor halves of surrogate pairs.
enum TextRepairs {
  private static let zeroBytes = ContentFindings.RepairText(
    one: "text has zero bytes, which are removed", many: "texts have zero bytes, which are removed")
  private static let halfPairs = ContentFindings.RepairText(
    one: "text has halves of surrogate pairs, which are replaced",
    many: "texts have halves of surrogate pairs, which are replaced")

  /// - Parameter value: a string with escapes.
  static func count(_ value: JSONScanner.Value, in table: String, _ findings: inout ContentFindings) {
    guard value.kind == .string, value.bytes.position(of: "\\u") != nil else { return }
    var hasZero = false
    var hasHalf = false
    var isHighBefore = false
    var index = 0
    let bytes = value.bytes
    while index < bytes.count {
      guard bytes[index] == 0x5C, index + 1 < bytes.count else {
        hasHalf = hasHalf || isHighBefore
        isHighBefore = false
        index += 1
        continue
      }
      guard bytes[index + 1] == 0x75, index + 6 <= bytes.count,
        let unit = UInt32(String(decoding: bytes[index + 2..<index + 6], as: UTF8.self), radix: 16)
      else {
        hasHalf = hasHalf || isHighBefore
        isHighBefore = false
        index += 2
        continue
      }
      hasZero = hasZero || unit == 0
      let isLow = unit & 0xFC00 == 0xDC00
      hasHalf = hasHalf || isLow != isHighBefore
      isHighBefore = unit & 0xFC00 == 0xD800
      index += 6
    }
    if hasZero { findings.repair(table, zeroBytes) }
    if hasHalf || isHighBefore { findings.repair(table, halfPairs) }
  }
}
