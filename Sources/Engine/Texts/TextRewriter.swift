/// Makes the references inside a text follow the new ids: links to uploads, channels, conversations and messages,
/// mentions, images of custom emoji, edit histories.
///
/// Only what is a reference is touched. Text that merely looks like one — in code, in the text of a page rather than in
/// a tag, a link to another server, an id that the archive does not have — stays as it is, byte for byte.
struct TextRewriter: Sendable {
  let references: References

  /// The changed text, or nil where nothing changes: the answer for nearly every message.
  func markdown(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    var edits = Edits()
    if !references.uploads.isEmpty, text.contains("user_uploads/") { uploads(in: text, &edits) }
    if text.contains("#narrow/") {
      let code = MarkdownCode(text)
      NarrowLinks(references: references).find(in: text, from: 0, to: text.count, &edits) { code.contains($0) }
    }
    return edits.isEmpty ? nil : edits.apply(to: text)
  }

  func html(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    var edits = Edits()
    if !references.uploads.isEmpty, text.contains("user_uploads/") { uploads(in: text, &edits) }
    if text.contains("#narrow/") || text.contains("data-") || text.contains("/user_avatars/") {
      tags(in: text, &edits)
    }
    return edits.isEmpty ? nil : edits.apply(to: text)
  }

  // MARK: Uploads

  /// The folder of an upload has 18 random bytes in its name: it cannot be there by chance, wherever it stands.
  private func uploads(in text: UnsafeRawBufferPointer, _ edits: inout Edits) {
    var position = 0
    while let found = text.position(of: "user_uploads/", from: position) {
      var start = found + 13
      position = start
      if text.has("thumbnail/", at: start) { start += 10 }
      var end = start
      var slashes = 0
      while end < text.count {
        if text[end] == 0x2F {
          slashes += 1
          if slashes == 3 { break }
        }
        end += 1
        if end - start > 200 { break }
      }
      guard slashes == 3, let folder = references.uploads[text.text(start, end)] else { continue }
      edits.replace(start, end, with: folder)
      position = end
    }
  }

  // MARK: HTML

  private func tags(in text: UnsafeRawBufferPointer, _ edits: inout Edits) {
    var position = 0
    while let open = text.position(of: "<", from: position) {
      let end = endOfTag(text, open)
      position = end
      guard end > open + 2, text[open + 1] != 0x2F else { continue }
      let tag = HTMLTag(text, open, end)
      if let place = tag.attribute("data-user-id"), tag.hasClass("user-mention") {
        identifier(in: text, place, references.users, &edits)
      }
      if let place = tag.attribute("data-user-group-id"), tag.hasClass("user-group-mention") {
        identifier(in: text, place, references.userGroups, &edits)
      }
      if let place = tag.attribute("data-stream-id"), tag.hasClass("stream") || tag.hasClass("stream-topic") {
        identifier(in: text, place, references.channels, &edits)
      }
      if let place = tag.attribute("href") {
        NarrowLinks(references: references).find(in: text, from: place.lowerBound, to: place.upperBound, &edits) { _ in
          false
        }
      }
      if let place = tag.attribute("src") { emojiImage(in: text, place, &edits) }
    }
  }

  /// Behind the `>` of the tag that opens at `start`; a `>` inside quotes does not count.
  private func endOfTag(_ text: UnsafeRawBufferPointer, _ start: Int) -> Int {
    var quote: UInt8 = 0
    var index = start + 1
    while index < text.count {
      let byte = text[index]
      if quote != 0 {
        if byte == quote { quote = 0 }
      } else if byte == 0x22 || byte == 0x27 {
        quote = byte
      } else if byte == 0x3E {
        return index + 1
      }
      index += 1
    }
    return text.count
  }

  private func identifier(
    in text: UnsafeRawBufferPointer, _ place: Range<Int>, _ map: IDMap, _ edits: inout Edits
  ) {
    guard let old = text.number(place.lowerBound, place.upperBound), let new = map[old], new != old else { return }
    edits.replace(place.lowerBound, place.upperBound, with: new)
  }

  /// `/user_avatars/8/emoji/images/2.png`: the organization's id is in the path.
  private func emojiImage(in text: UnsafeRawBufferPointer, _ place: Range<Int>, _ edits: inout Edits) {
    guard text.has("/user_avatars/", at: place.lowerBound) else { return }
    let start = place.lowerBound + 14
    let end = text.endOfDigits(start)
    guard text.has("/emoji/", at: end), text.number(start, end) == references.organization.old else { return }
    edits.replace(start, end, with: references.organization.new)
  }
}

/// One opening tag of a text.
struct HTMLTag {
  private let text: UnsafeRawBufferPointer
  private var attributes: [(name: Range<Int>, value: Range<Int>)] = []

  init(_ text: UnsafeRawBufferPointer, _ start: Int, _ end: Int) {
    self.text = text
    var index = start + 1
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D }
    while index < end, !isSpace(text[index]), text[index] != 0x3E { index += 1 }
    while index < end {
      while index < end, isSpace(text[index]) || text[index] == 0x2F || text[index] == 0x3E { index += 1 }
      let nameStart = index
      while index < end, text[index] != 0x3D, text[index] != 0x3E, !isSpace(text[index]) { index += 1 }
      let name = nameStart..<index
      guard index < end, text[index] == 0x3D else {
        if index == nameStart { index += 1 }
        continue
      }
      index += 1
      guard index < end, text[index] == 0x22 || text[index] == 0x27 else { continue }
      let quote = text[index]
      let valueStart = index + 1
      index = valueStart
      while index < end, text[index] != quote { index += 1 }
      attributes.append((name, valueStart..<index))
      index += 1
    }
  }

  /// Where the value of an attribute stands.
  func attribute(_ name: StaticString) -> Range<Int>? {
    attributes.first { $0.name.count == name.utf8CodeUnitCount && text.has(name, at: $0.name.lowerBound) }?.value
  }

  func hasClass(_ name: StaticString) -> Bool {
    guard let value = attribute("class") else { return false }
    return text.text(value.lowerBound, value.upperBound).split(separator: " ").contains { $0 == "\(name)" }
  }
}
