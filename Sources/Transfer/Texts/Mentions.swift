import Server

/// Mentions and links with ids in Markdown: `@**Name|12**`, `@_**Name|12**`, `@**|12**`, `#**channel>topic@34**`.
///
/// Groups and channels are written by name alone. An id that the archive does not have may belong to another user here:
/// the mention is then reduced to the name, and a link to a message to its topic.
struct Mentions {
  let references: References

  /// - Parameter unknown: counts ids that the archive does not have.
  func find(
    in text: UnsafeRawBufferPointer, outside code: MarkdownCode, _ edits: inout Edits, unknown: inout Int
  ) {
    var position = 0
    while let stars = text.position(of: "**", from: position) {
      position = stars + 2
      guard let (opening, isLink) = Self.opening(text, stars), let end = text.position(of: "*", from: stars + 2),
        end > stars + 2, text.has("**", at: end), Self.mayFollow(text, opening), !code.overlaps(opening..<end + 2)
      else { continue }
      position = end + 2
      if isLink {
        messageLink(text, stars + 2, end, &edits, &unknown)
      } else {
        mention(text, stars + 2, end, &edits, &unknown)
      }
    }
  }

  // MARK: Forms

  private func mention(
    _ text: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ edits: inout Edits, _ unknown: inout Int
  ) {
    let end = text[end - 1] == 0x0A ? end - 1 : end
    guard var id = Identifier(in: text, start, end, behind: 0x7C),
      !UnsafeRawBufferPointer(rebasing: text[start..<end]).contains("\n")
    else { return }
    if let new = id.value.flatMap({ references.users[$0] }) {
      if new != id.value { edits.replace(id.start, end, with: new) }
      return
    }
    guard id.value != 0 else { return }
    unknown += 1
    guard id.mark > start else { return edits.replace(id.start, end, with: 0) }
    // The remaining text may end like an id again.
    while let next = Identifier(in: text, start, id.mark, behind: 0x7C) {
      id = next
      guard id.mark > start else { return edits.replace(id.start, end, with: 0) }
    }
    edits.replace(id.mark, end, with: "")
  }

  private func messageLink(
    _ text: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ edits: inout Edits, _ unknown: inout Int
  ) {
    guard let id = Identifier(in: text, start, end, behind: 0x40),
      let channel = UnsafeRawBufferPointer(rebasing: text[..<id.mark]).position(of: ">", from: start), channel > start
    else { return }
    if let new = id.value.flatMap({ references.messages[$0] }) {
      if new != id.value { edits.replace(id.start, end, with: new) }
      return
    }
    guard id.value != 0 else { return }
    unknown += 1
    // A topic may end like an id.
    if Identifier(in: text, start, id.mark, behind: 0x40) != nil {
      edits.replace(id.start, end, with: 0)
    } else {
      edits.replace(id.mark, end, with: "")
    }
  }

  // MARK: Positions

  /// Returns the position of the `@`, `@_` or `#` before two asterisks.
  private static func opening(_ text: UnsafeRawBufferPointer, _ stars: Int) -> (position: Int, isLink: Bool)? {
    guard stars > 0 else { return nil }
    switch text[stars - 1] {
    case 0x23: return (stars - 1, true)
    case 0x40: return (stars - 1, false)
    case 0x5F where stars > 1 && text[stars - 2] == 0x40: return (stars - 2, false)
    default: return nil
    }
  }

  /// Returns whether a mention may be here: not after a word or most punctuation, but at the start of a table cell or a
  /// quote.
  private static func mayFollow(_ text: UnsafeRawBufferPointer, _ position: Int) -> Bool {
    guard position > 0 else { return true }
    switch text[position - 1] {
    case 0x22, 0x27, 0x28, 0x2C, 0x2F, 0x3A, 0x3C, 0x3E, 0x5B, 0x7B, 0x7C: return true
    case 0x80...:
      var start = position - 1
      while start > 0, position - start < 4, text[start] & 0xC0 == 0x80 { start -= 1 }
      return text.text(start, position).unicodeScalars.last.map { PythonText.isSpace($0) } ?? false
    case let byte: return PythonText.isSpace(Unicode.Scalar(byte))
    }
  }

  /// The digits at the end of a text, after a separator.
  private struct Identifier {
    /// The position of the separator.
    let mark: Int
    let start: Int
    /// Nil if it is larger than any id.
    let value: Int64?

    init?(in text: UnsafeRawBufferPointer, _ lowest: Int, _ end: Int, behind sign: UInt8) {
      var start = end
      while start > lowest, text[start - 1] != sign, Self.mayBeDigit(text[start - 1]) { start -= 1 }
      guard start > lowest, start < end, text[start - 1] == sign else { return nil }
      var digits: [UInt8] = []
      for scalar in text.text(start, end).unicodeScalars {
        // Python accepts the digits of all scripts.
        guard scalar.properties.numericType == .decimal, let digit = scalar.properties.numericValue else { return nil }
        digits.append(0x30 + UInt8(digit))
      }
      let significant = digits.drop { $0 == 0x30 }
      mark = start - 1
      self.start = start
      value = significant.isEmpty ? 0 : Array(significant).withUnsafeBytes { $0.number(0, $0.count) }
    }

    private static func mayBeDigit(_ byte: UInt8) -> Bool { byte >= 0x80 || (byte >= 0x30 && byte <= 0x39) }
  }
}
