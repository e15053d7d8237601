/// Links into the chat: `#narrow/channel/9-general/topic/x/near/17`, `/#narrow/dm/10,11-group`.
///
/// After `#narrow/`, operators and operands alternate. Operands with ids get the new ids; a link with ids that the
/// archive does not have is not changed.
struct NarrowLinks {
  let references: References

  /// Finds the links between two positions.
  ///
  /// - Parameters:
  ///   - unknown: counts ids that the archive does not have.
  ///   - isLeftAlone: called with the position of each link and of each of its ids; true leaves it unchanged.
  func find(
    in text: UnsafeRawBufferPointer, from start: Int, to end: Int, _ edits: inout Edits, unknown: inout Int,
    unless isLeftAlone: (Int) -> Bool
  ) {
    let text = UnsafeRawBufferPointer(rebasing: text[..<end])
    var position = start
    while let found = text.position(of: "#narrow/", from: position) {
      position = found + 8
      guard !isLeftAlone(found), references.leadsHere(text, found, from: start) else { continue }
      position = follow(text, from: position, &edits, &unknown, unless: isLeftAlone)
    }
  }

  /// Rewrites a link without its host and path: `narrow/channel/9-general`, as views of the sidebar store it.
  func fragment(_ text: UnsafeRawBufferPointer, _ edits: inout Edits, unknown: inout Int) {
    let start = text.has("#", at: 0) ? 1 : 0
    guard text.has("narrow/", at: start) else { return }
    _ = follow(text, from: start + 7, &edits, &unknown) { _ in false }
  }

  /// Processes the operators of one link; returns its end.
  private func follow(
    _ text: UnsafeRawBufferPointer, from start: Int, _ edits: inout Edits, _ unknown: inout Int,
    unless isLeftAlone: (Int) -> Bool
  ) -> Int {
    var position = start
    while true {
      let (operatorEnd, hasOperand) = segment(text, position)
      guard hasOperand else { return operatorEnd }
      let operand = operatorEnd + 1
      let (operandEnd, hasMore) = segment(text, operand)
      if !isLeftAlone(operand) {
        operands(text, named: position..<operatorEnd, operand, operandEnd, &edits, &unknown)
      }
      guard hasMore else { return operandEnd }
      position = operandEnd + 1
    }
  }

  private func operands(
    _ text: UnsafeRawBufferPointer, named name: Range<Int>, _ start: Int, _ end: Int, _ edits: inout Edits,
    _ unknown: inout Int
  ) {
    guard name.count <= 20 else { return }
    let name = text.text(name.lowerBound, name.upperBound)
    let map: IDMap
    var isList = false
    switch name.first == "-" ? String(name.dropFirst()) : name {
    case "stream", "channel": map = references.channels
    case "dm", "pm-with", "group-pm-with", "dm-including", "group", "sender", "from", "mentions":
      map = references.users
      isList = true
    case "near", "with", "id": map = references.messages
    default: return
    }
    var positions: [(start: Int, end: Int, new: Int64)] = []
    var position = start
    var isKnown = true
    while true {
      let digits = text.endOfDigits(position)
      guard digits <= end, let old = text.number(position, digits) else { return }
      if let new = map[old] { positions.append((position, digits, new)) } else { isKnown = false }
      position = digits
      guard isList, position < end, let comma = Self.comma(text, position) else { break }
      position += comma
    }
    guard Self.mayFollowID(text, position, end) else { return }
    guard isKnown else {
      unknown += 1
      return
    }
    for found in positions where text.number(found.start, found.end) != found.new {
      edits.replace(found.start, found.end, with: found.new)
    }
  }

  /// Returns the length of a comma, which some programs percent-encode; nil if there is none.
  private static func comma(_ text: UnsafeRawBufferPointer, _ position: Int) -> Int? {
    if text.has(",", at: position) { return 1 }
    let isEncoded = ["%2C", "%2c", ".2C", ".2c"].contains { (code: StaticString) in text.has(code, at: position) }
    return isEncoded ? 3 : nil
  }

  /// Returns whether the text may follow ids: nothing, a hyphen and a name, or the end of a sentence.
  private static func mayFollowID(_ text: UnsafeRawBufferPointer, _ position: Int, _ end: Int) -> Bool {
    if position == end || text[position] == 0x2D { return true }
    guard end == text.count || text[end] != 0x2F else { return false }
    return text[position..<end].allSatisfy { [0x21, 0x2C, 0x2E, 0x3A, 0x3B, 0x3F].contains($0) }
  }

  /// Returns the end of a segment, and whether a slash with another segment follows.
  private func segment(_ text: UnsafeRawBufferPointer, _ start: Int) -> (end: Int, continues: Bool) {
    var end = start
    while end < text.count, text[end] != 0x2F, !References.isDelimiter(text[end]) { end += 1 }
    return (end, end < text.count && text[end] == 0x2F)
  }
}

extension References {
  /// The limit of an address's length; those of this organization are shorter.
  private static let longestAddress = 300

  /// Returns whether an address whose path begins at `position` refers to this organization: it has no host, or one of
  /// its own.
  func leadsHere(_ text: UnsafeRawBufferPointer, _ position: Int, from lowest: Int) -> Bool {
    var start = position
    while start > lowest, !Self.isDelimiter(text[start - 1]) {
      start -= 1
      guard position - start <= Self.longestAddress else { return false }
    }
    var end = position
    if end > start, text[end - 1] == 0x2F { end -= 1 }
    if end == start { return true }
    var address = text.text(start, end).lowercased()
    // Text may directly precede it.
    if let mark = address.utf8.lastIndex(where: { $0 == 0x2C }) {
      address = String(address[address.utf8.index(after: mark)...])
    }
    for scheme in ["https://", "http://"] {
      guard let host = hosts.first(where: { address.hasSuffix(scheme + $0) }) else { continue }
      let before = address.utf8.dropLast(scheme.utf8.count + host.utf8.count)
      return before.isEmpty || before.last == 0x3A
    }
    return hosts.contains(address)
  }

  /// Returns whether the byte ends an address in a text.
  static func isDelimiter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, 0x22, 0x27, 0x28, 0x29, 0x3C, 0x3E, 0x5B, 0x5D, 0x60, 0x7C, 0x2A: true
    default: false
    }
  }
}
