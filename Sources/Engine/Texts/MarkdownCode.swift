/// Where a Markdown text shows code: there nothing is a link.
///
/// Fenced blocks (except the fences that hold ordinary text, `quote` and `spoiler`) and code between backticks.
struct MarkdownCode {
  private var ranges: [Range<Int>] = []

  init(_ text: UnsafeRawBufferPointer) {
    guard text.contains("`") || text.contains("~~~") else { return }
    var position = 0
    var open: [Block] = []
    var prose: [Range<Int>] = []
    while position < text.count {
      let end = text.position(of: "\n", from: position) ?? text.count
      if let fence = Self.fence(text, position, end) {
        let closes = open.last.map { fence.closes($0) } ?? false
        if closes, let block = open.popLast() {
          if block.isCode { ranges.append(block.start..<end) }
        } else if !(open.last?.isCode ?? false) {
          let isText = fence.word == "quote" || fence.word == "spoiler"
          open.append(Block(mark: fence.mark, length: fence.length, start: position, isCode: !isText))
        }
      } else if !(open.last?.isCode ?? false) {
        prose.append(position..<end)
      }
      position = end + 1
    }
    // A fence that nobody closed goes on to the end.
    if let block = open.last, block.isCode { ranges.append(block.start..<text.count) }
    for line in prose { spans(text, line) }
  }

  func contains(_ position: Int) -> Bool { ranges.contains { $0.contains(position) } }

  private struct Block {
    let mark: UInt8
    let length: Int
    let start: Int
    let isCode: Bool
  }

  private struct Fence {
    let mark: UInt8
    let length: Int
    /// The first word behind it; a fence that closes a block has none.
    let word: String

    func closes(_ block: Block) -> Bool { word.isEmpty && mark == block.mark && length >= block.length }
  }

  private static func fence(_ text: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Fence? {
    var index = start
    while index < end, text[index] == 0x20 { index += 1 }
    guard index < end, text[index] == 0x60 || text[index] == 0x7E else { return nil }
    let mark = text[index]
    let first = index
    while index < end, text[index] == mark { index += 1 }
    guard index - first >= 3 else { return nil }
    let rest = text.text(index, end).drop { $0 == " " }
    // ```code``` on one line is no fence.
    guard !rest.contains("`") else { return nil }
    return Fence(mark: mark, length: index - first, word: String(rest.prefix { $0 != " " && $0 != "\r" }))
  }

  /// Code between runs of as many backticks.
  private mutating func spans(_ text: UnsafeRawBufferPointer, _ line: Range<Int>) {
    var index = line.lowerBound
    while index < line.upperBound {
      guard text[index] == 0x60 else {
        index += 1
        continue
      }
      let start = index
      while index < line.upperBound, text[index] == 0x60 { index += 1 }
      let length = index - start
      var probe = index
      while probe < line.upperBound {
        guard text[probe] == 0x60 else {
          probe += 1
          continue
        }
        let close = probe
        while probe < line.upperBound, text[probe] == 0x60 { probe += 1 }
        if probe - close == length {
          ranges.append(start..<probe)
          index = probe
          break
        }
      }
    }
  }
}
