import Server

/// Replaces the ids in the references of a text: mentions, links to uploads, channels, conversations and messages,
/// images of custom emoji, edit histories.
///
/// Only real references are changed. Text that resembles one — in code, in the text of a page instead of a tag, in a
/// link to another server — is unchanged, byte for byte. An id that the archive does not have may belong to another
/// user on the new server: a mention is then reduced to the name, everything else is unchanged; both are counted. Each
/// form takes linear time for any content.
struct TextRewriter: Sendable {
  let references: References

  /// Returns the changed text; nil if nothing changes, as for nearly all messages.
  ///
  /// - Parameter unknown: incremented for each reference that is not in the archive.
  func rewrite(_ text: UnsafeRawBufferPointer, _ form: ColumnRule.TextForm, unknown: inout Int) -> [UInt8]? {
    switch form {
    case .markdown: markdown(text, unknown: &unknown)
    case .html: html(text, unknown: &unknown)
    case .editHistory: editHistory(text, unknown: &unknown)
    case .fragment: fragment(text, unknown: &unknown)
    }
  }

  func markdown(_ text: UnsafeRawBufferPointer, unknown: inout Int) -> [UInt8]? {
    var edits = Edits()
    if !references.uploads.isEmpty, text.contains("user_uploads/") { uploads(in: text, &edits) }
    let mentions = text.contains("@**") || text.contains("@_**") || text.contains("#**")
    let links = text.contains("#narrow/")
    let images = text.contains("/user_avatars/")
    if mentions || links || images {
      let code = MarkdownCode(text)
      if mentions {
        Mentions(references: references).find(in: text, outside: code, &edits, unknown: &unknown)
      }
      if links {
        NarrowLinks(references: references).find(in: text, from: 0, to: text.count, &edits, unknown: &unknown) {
          code.contains($0)
        }
      }
      if images { emojiImages(in: text, from: 0, to: text.count, &edits) { code.contains($0) } }
    }
    return edits.isEmpty ? nil : edits.apply(to: text)
  }

  func html(_ text: UnsafeRawBufferPointer, unknown: inout Int) -> [UInt8]? {
    var edits = Edits()
    if !references.uploads.isEmpty, text.contains("user_uploads/") { uploads(in: text, &edits) }
    if text.contains("#narrow/") || text.contains("data-") || text.contains("/user_avatars/") {
      tags(in: text, &edits, &unknown)
    }
    return edits.isEmpty ? nil : edits.apply(to: text)
  }

  /// Rewrites the part of an address after its `#`, as views of the sidebar store it.
  func fragment(_ text: UnsafeRawBufferPointer, unknown: inout Int) -> [UInt8]? {
    var edits = Edits()
    NarrowLinks(references: references).fragment(text, &edits, unknown: &unknown)
    return edits.isEmpty ? nil : edits.apply(to: text)
  }

  // MARK: Uploads

  /// Replaces the folders of uploads. Their names contain 18 random bytes, so a match cannot be a coincidence.
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

  private func tags(in text: UnsafeRawBufferPointer, _ edits: inout Edits, _ unknown: inout Int) {
    var position = 0
    while let open = text.position(of: "<", from: position) {
      let end = endOfTag(text, open)
      position = end
      guard end > open + 2, text[open + 1] != 0x2F else { continue }
      let tag = HTMLTag(text, open, end)
      if let close = tag.endOfCode {
        position = text.position(of: close, from: end) ?? text.count
        continue
      }
      if let place = tag.attribute("data-user-id"), tag.hasClass("user-mention") {
        identifier(in: text, place, references.users, &edits, &unknown)
      }
      if let place = tag.attribute("data-user-group-id"), tag.hasClass("user-group-mention") {
        identifier(in: text, place, references.userGroups, &edits, &unknown)
      }
      if let place = tag.attribute("data-stream-id"),
        ["stream", "stream-topic", "message-link"].contains(where: tag.hasClass)
      {
        identifier(in: text, place, references.channels, &edits, &unknown)
      }
      for place in [tag.attribute("href"), tag.attribute("src")].compactMap({ $0 }) {
        NarrowLinks(references: references).find(
          in: text, from: place.lowerBound, to: place.upperBound, &edits, unknown: &unknown
        ) { _ in false }
        emojiImages(in: text, from: place.lowerBound, to: place.upperBound, &edits) { _ in false }
      }
    }
  }

  /// Returns the position after the `>` of the tag that begins at `start`; a `>` in quotes does not count.
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

  /// Replaces an id. One that the archive does not have becomes 0, which nothing has: the server and its apps then show
  /// the text instead.
  private func identifier(
    in text: UnsafeRawBufferPointer, _ place: Range<Int>, _ map: IDMap, _ edits: inout Edits, _ unknown: inout Int
  ) {
    guard let old = text.number(place.lowerBound, place.upperBound) else { return }
    if let new = map[old] {
      if new != old { edits.replace(place.lowerBound, place.upperBound, with: new) }
    } else if old != 0 {
      unknown += 1
      edits.replace(place.lowerBound, place.upperBound, with: 0)
    }
  }

  // MARK: Images

  /// Replaces the organization's id in paths such as `/user_avatars/8/emoji/images/2.png`.
  private func emojiImages(
    in text: UnsafeRawBufferPointer, from lowest: Int, to end: Int, _ edits: inout Edits,
    unless isLeftAlone: (Int) -> Bool
  ) {
    guard references.organization.old != references.organization.new else { return }
    let text = UnsafeRawBufferPointer(rebasing: text[..<end])
    var position = lowest
    while let found = text.position(of: "/user_avatars/", from: position) {
      let start = found + 14
      position = start
      let end = text.endOfDigits(start)
      guard text.has("/emoji/", at: end), text.number(start, end) == references.organization.old, !isLeftAlone(found),
        references.leadsHere(text, found, from: lowest)
      else { continue }
      edits.replace(start, end, with: references.organization.new)
    }
  }
}
