/// The code and formulas in a Markdown text, in which there are no links and mentions.
///
/// Fenced blocks (except fences with ordinary text), indented blocks, code between backticks, formulas between two
/// dollar signs. Detected by the server's own rules, in linear time.
struct MarkdownCode {
  /// Ascending and not adjacent.
  private let ranges: [Range<Int>]

  init(_ text: UnsafeRawBufferPointer) {
    guard
      text.contains("`") || text.contains("~~~") || text.contains("$$") || text.contains("    ") || text.contains("\t")
    else {
      ranges = []
      return
    }
    let blocks = MarkdownBlocks(text)
    var found = blocks.code
    for prose in blocks.prose {
      Self.codeSpans(in: text, prose, &found)
      Self.formulas(in: text, prose, &found)
    }
    found.sort { $0.lowerBound < $1.lowerBound }
    var merged: [Range<Int>] = []
    for range in found {
      if let last = merged.last, range.lowerBound < last.upperBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    ranges = merged
  }

  func contains(_ position: Int) -> Bool { overlaps(position..<position + 1) }

  /// Returns whether any part of the range is code.
  func overlaps(_ range: Range<Int>) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound < range.upperBound
  }

  // MARK: Backticks

  private struct Ticks {
    let start: Int
    let length: Int
  }

  /// Finds code between runs of equally many backticks, also across lines. A run without an equal one after it opens
  /// with as many of its backticks as a later run has.
  private static func codeSpans(
    in text: UnsafeRawBufferPointer, _ prose: Range<Int>, _ found: inout [Range<Int>]
  ) {
    let runs = ticks(in: text, prose)
    guard runs.count > 1 else { return }
    // For each length its runs, and how many of them have been passed: searched from left to right only.
    var places: [Int: (runs: [Int], next: Int)] = [:]
    for (index, run) in runs.enumerated() { places[run.length, default: ([], 0)].runs.append(index) }
    func closing(_ length: Int, behind index: Int) -> Int? {
      guard var place = places[length] else { return nil }
      while place.next < place.runs.count, place.runs[place.next] <= index { place.next += 1 }
      places[length]?.next = place.next
      return place.next < place.runs.count ? place.runs[place.next] : nil
    }
    var index = 0
    while index < runs.count {
      let run = runs[index]
      let isEscaped = backslashes(in: text, before: run.start, from: prose.lowerBound) % 2 == 1
      var length = run.length - (isEscaped ? 1 : 0)
      let start = run.start + (isEscaped ? 1 : 0)
      var close: Int?
      while length > 0 {
        close = closing(length, behind: index)
        if close != nil { break }
        length -= 1
      }
      if let close {
        found.append(start..<(runs[close].start + runs[close].length))
        index = close
      }
      index += 1
    }
  }

  private static func ticks(in text: UnsafeRawBufferPointer, _ prose: Range<Int>) -> [Ticks] {
    var runs: [Ticks] = []
    var index = prose.lowerBound
    while index < prose.upperBound {
      guard text[index] == 0x60 else {
        index += 1
        continue
      }
      let start = index
      while index < prose.upperBound, text[index] == 0x60 { index += 1 }
      runs.append(Ticks(start: start, length: index - start))
    }
    return runs
  }

  private static func backslashes(in text: UnsafeRawBufferPointer, before position: Int, from start: Int) -> Int {
    var index = position
    while index > start, text[index - 1] == 0x5C { index -= 1 }
    return position - index
  }

  // MARK: Formulas

  /// Finds `$$…$$` on one line, without a letter or digit next to its outer sides and without other dollar signs
  /// inside.
  private static func formulas(
    in text: UnsafeRawBufferPointer, _ prose: Range<Int>, _ found: inout [Range<Int>]
  ) {
    let text = UnsafeRawBufferPointer(rebasing: text[..<prose.upperBound])
    var position = prose.lowerBound
    while let open = text.position(of: "$$", from: position) {
      var index = open
      while index < prose.upperBound, text[index] == 0x24 { index += 1 }
      position = index
      let opensHere = index - open == 2 && (open == prose.lowerBound || !isWord(text[open - 1]))
      guard opensHere, index < prose.upperBound, text[index] != 0x0A, text[index] != 0x5F else { continue }
      while index < prose.upperBound, text[index] != 0x0A {
        if text[index] == 0x24, text[index - 1] != 0x5C { break }
        index += 1
      }
      position = index
      guard index + 1 < prose.upperBound, text.has("$$", at: index) else { continue }
      let end = index + 2
      guard end >= prose.upperBound || (text[end] != 0x24 && !isWord(text[end])) else { continue }
      found.append(open..<end)
      position = end
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x80...: true
    default: false
    }
  }
}
