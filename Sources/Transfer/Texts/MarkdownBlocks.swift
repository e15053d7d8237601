import Server

/// Splits the lines of a Markdown text into code and pieces of prose, as the server does. Inline markup, such as code
/// between backticks, ends at the latest with its piece of prose.
struct MarkdownBlocks {
  private(set) var code: [Range<Int>] = []
  private(set) var prose: [Range<Int>] = []

  private let text: UnsafeRawBufferPointer
  private var open: [MarkdownFence] = []
  private var piece: Range<Int>?
  /// Whether the next line begins a block: only there can indented code begin.
  private var beginsBlock = true
  private var isIndented = false
  /// The nesting level of the last list item; nil outside of lists.
  private var listLevel: Int?
  private var quoteDepth = 0

  init(_ text: UnsafeRawBufferPointer) {
    self.text = text
    var start = 0
    while start < text.count {
      var end = start
      while end < text.count, text[end] != 0x0A, text[end] != 0x0D { end += 1 }
      read(start..<end)
      start = end + (text.has("\r\n", at: end) ? 2 : 1)
    }
    // An unclosed fence extends to the end.
    if let fence = open.last, fence.isCode { code.append(fence.start..<text.count) }
    endPiece()
  }

  private mutating func read(_ line: Range<Int>) {
    if let fence = open.last, fence.isClosed(by: line, of: text) {
      open.removeLast()
      if fence.isCode { code.append(fence.start..<line.upperBound) }
      return endBlock()
    }
    if open.last?.isCode ?? false { return }
    if let fence = MarkdownFence(line, of: text) {
      open.append(fence)
      return endBlock()
    }
    readProse(line)
  }

  private mutating func readProse(_ line: Range<Int>) {
    let (start, depth) = quoted(line)
    var indentation = 0
    var first = start
    while first < line.upperBound, text[first] == 0x20 || text[first] == 0x09 {
      indentation = text[first] == 0x20 ? indentation + 1 : (indentation / 4 + 1) * 4
      first += 1
    }
    guard first < line.upperBound else {
      endPiece()
      beginsBlock = true
      return
    }
    if depth > quoteDepth || (beginsBlock && depth != quoteDepth) {
      endBlock()
      quoteDepth = depth
    }
    // A paragraph in a list item is indented too; code in it is indented further.
    if beginsBlock || isIndented, indentation >= 4 + (listLevel.map { 2 * ($0 + 1) } ?? 0) {
      code.append(line)
      beginsBlock = false
      isIndented = true
      return
    }
    isIndented = false
    if isHeading(first, line.upperBound) {
      endBlock()
      prose.append(line)
      return
    }
    if isListItem(first, line.upperBound) {
      endPiece()
      listLevel = indentation / 2
    } else if beginsBlock, indentation < 2 {
      listLevel = nil
    }
    beginsBlock = false
    piece = (piece?.lowerBound ?? line.lowerBound)..<line.upperBound
  }

  private mutating func endPiece() {
    if let piece { prose.append(piece) }
    piece = nil
    isIndented = false
  }

  private mutating func endBlock() {
    endPiece()
    beginsBlock = true
    listLevel = nil
  }

  /// Returns the start of the text after the quote markers, and their number.
  private func quoted(_ line: Range<Int>) -> (start: Int, depth: Int) {
    var start = line.lowerBound
    var depth = 0
    while true {
      var index = start
      while index < line.upperBound, index - start < 3, text[index] == 0x20 { index += 1 }
      guard index < line.upperBound, text[index] == 0x3E else { return (start, depth) }
      depth += 1
      start = index + 1
      if start < line.upperBound, text[start] == 0x20 { start += 1 }
    }
  }

  /// Returns whether the line is `# Heading` or a horizontal rule.
  private func isHeading(_ first: Int, _ end: Int) -> Bool {
    var index = first
    while index < end, text[index] == 0x23 { index += 1 }
    if index > first { return index - first <= 6 && index < end && (text[index] == 0x20 || text[index] == 0x09) }
    guard [0x2A, 0x2D, 0x5F].contains(text[first]) else { return false }
    var marks = 0
    while index < end, text[index] == text[first] || text[index] == 0x20 {
      marks += text[index] == 0x20 ? 0 : 1
      index += 1
    }
    return index == end && marks >= 3
  }

  private func isListItem(_ first: Int, _ end: Int) -> Bool {
    var index = first
    if [0x2A, 0x2B, 0x2D].contains(text[first]) {
      index += 1
    } else {
      index = text.endOfDigits(first)
      guard index > first, index < end, text[index] == 0x2E else { return false }
      index += 1
    }
    return index < end && text[index] == 0x20
  }
}

/// The first line of a fenced block: at least three backticks or tildes at its start, optionally with a language.
struct MarkdownFence {
  let start: Int
  /// False for `quote` and `spoiler`, which contain ordinary text.
  let isCode: Bool
  private let mark: UInt8
  private let length: Int

  /// Returns nil if the line does not begin a fence.
  init?(_ line: Range<Int>, of text: UnsafeRawBufferPointer) {
    start = line.lowerBound
    guard let first = line.first.map({ text[$0] }), first == 0x60 || first == 0x7E else { return nil }
    var index = line.lowerBound
    while index < line.upperBound, text[index] == first { index += 1 }
    guard index - line.lowerBound >= 3 else { return nil }
    mark = first
    length = index - line.lowerBound
    while index < line.upperBound, text[index] == 0x20 || text[index] == 0x09 { index += 1 }
    guard index < line.upperBound else {
      isCode = true
      return
    }
    // ```code``` on one line is not a fence.
    guard !text[index..<line.upperBound].contains(where: { $0 == 0x60 || $0 == 0x7E }) else { return nil }
    if text[index] == 0x7B { index += 1 }
    if index < line.upperBound, text[index] == 0x2E { index += 1 }
    let language = index
    while index < line.upperBound, Self.isLanguage(text[index]) { index += 1 }
    // A language may begin with the dot that was skipped.
    guard index > language || (index > line.lowerBound && text[index - 1] == 0x2E) else { return nil }
    isCode = !["quote", "quoted", "spoiler"].contains(text.text(language, index).lowercased())
  }

  func isClosed(by line: Range<Int>, of text: UnsafeRawBufferPointer) -> Bool {
    var index = line.lowerBound
    while index < line.upperBound, text[index] == mark { index += 1 }
    guard index - line.lowerBound == length else { return false }
    return text.text(index, line.upperBound).unicodeScalars.allSatisfy { PythonText.isSpace($0) }
  }

  private static func isLanguage(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2B, 0x2C, 0x2D, 0x2E, 0x2F, 0x23: true
    default: false
    }
  }
}
