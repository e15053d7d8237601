/// Links into the chat: `#narrow/channel/9-general/topic/x/near/17`, `/#narrow/dm/10,11-group`.
///
/// Behind `#narrow/` stand operators and operands in turn. Those that hold ids follow the new ones.
struct NarrowLinks {
  let references: References

  /// Finds the links between two positions.
  ///
  /// - Parameter isLeftAlone: asked with the position of each link.
  func find(
    in text: UnsafeRawBufferPointer, from start: Int, to end: Int, _ edits: inout Edits,
    unless isLeftAlone: (Int) -> Bool
  ) {
    let text = UnsafeRawBufferPointer(rebasing: text[..<end])
    var position = start
    while let found = text.position(of: "#narrow/", from: position) {
      position = found + 8
      guard !isLeftAlone(found), leadsHere(text, found) else { continue }
      position = rewrite(text, from: position, &edits)
    }
  }

  /// A link leads into this organization where it has no host, or one of its own.
  private func leadsHere(_ text: UnsafeRawBufferPointer, _ position: Int) -> Bool {
    var start = position
    while start > 0, !Self.isDelimiter(text[start - 1]) { start -= 1 }
    let before = text.text(start, position)
    if before.isEmpty || before == "/" { return true }
    guard let scheme = before.range(of: "://"), before.hasPrefix("http") else { return false }
    let host = before[scheme.upperBound...].prefix { $0 != "/" }
    let path = before[scheme.upperBound...].dropFirst(host.count)
    return (path.isEmpty || path == "/") && references.hosts.contains(host.lowercased())
  }

  /// Walks through the operators of one link; where it ends.
  private func rewrite(_ text: UnsafeRawBufferPointer, from start: Int, _ edits: inout Edits) -> Int {
    var position = start
    while true {
      let (operatorEnd, hasOperand) = segment(text, position)
      guard hasOperand else { return operatorEnd }
      let operand = operatorEnd + 1
      let (operandEnd, hasMore) = segment(text, operand)
      operands(text, named: text.text(position, operatorEnd), operand, operandEnd, &edits)
      guard hasMore else { return operandEnd }
      position = operandEnd + 1
    }
  }

  private func operands(
    _ text: UnsafeRawBufferPointer, named name: String, _ start: Int, _ end: Int, _ edits: inout Edits
  ) {
    let map: IDMap
    var isList = false
    switch name.first == "-" ? String(name.dropFirst()) : name {
    case "stream", "channel": map = references.channels
    case "dm", "pm-with", "group-pm-with", "dm-including", "group", "sender":
      map = references.users
      isList = true
    case "near", "with", "id": map = references.messages
    default: return
    }
    var positions: [(start: Int, end: Int, new: Int64)] = []
    var position = start
    while true {
      let digits = text.endOfDigits(position)
      guard digits <= end, let old = text.number(position, digits), let new = map[old] else { return }
      positions.append((position, digits, new))
      position = digits
      guard isList, position < end, text[position] == 0x2C else { break }
      position += 1
    }
    // Behind the ids stands nothing, or a dash and a name.
    guard position == end || text[position] == 0x2D else { return }
    for found in positions { edits.replace(found.start, found.end, with: found.new) }
  }

  /// The end of a segment, and whether a slash with another one follows.
  private func segment(_ text: UnsafeRawBufferPointer, _ start: Int) -> (end: Int, continues: Bool) {
    var end = start
    while end < text.count, text[end] != 0x2F, !Self.isDelimiter(text[end]) { end += 1 }
    return (end, end < text.count && text[end] == 0x2F)
  }

  private static func isDelimiter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, 0x22, 0x27, 0x28, 0x29, 0x3C, 0x3E, 0x5B, 0x5D, 0x60, 0x7C, 0x2A: true
    default: false
    }
  }
}

extension String {
  fileprivate func range(of needle: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
      start = index(after: start)
    }
    return nil
  }
}
