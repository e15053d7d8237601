/// One opening tag of a text.
struct HTMLTag {
  private let text: UnsafeRawBufferPointer
  private let name: Range<Int>
  private var attributes: [(name: Range<Int>, value: Range<Int>)] = []

  /// - Parameters: the position of the `<`, and the position after the `>`.
  init(_ text: UnsafeRawBufferPointer, _ start: Int, _ end: Int) {
    self.text = text
    var index = start + 1
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D }
    while index < end, !isSpace(text[index]), text[index] != 0x3E, text[index] != 0x2F { index += 1 }
    name = start + 1..<index
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

  /// The end tag of the code that this tag begins; nil if it begins none.
  var endOfCode: StaticString? {
    if name.count == 4, text.has("code", at: name.lowerBound) { return "</code>" }
    return name.count == 3 && text.has("pre", at: name.lowerBound) ? "</pre>" : nil
  }

  /// Returns the range of the value of an attribute.
  func attribute(_ name: StaticString) -> Range<Int>? {
    attributes.first { $0.name.count == name.utf8CodeUnitCount && text.has(name, at: $0.name.lowerBound) }?.value
  }

  func hasClass(_ name: StaticString) -> Bool {
    guard let value = attribute("class") else { return false }
    return text.text(value.lowerBound, value.upperBound).split(separator: " ").contains { $0 == "\(name)" }
  }
}
