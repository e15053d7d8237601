import Common

/// One top-level statement of a script.
package struct SQLStatement: Sendable, Equatable {
  /// Its range in the script, including the semicolon.
  var range: Range<Int64>
  /// Its text without comments, up to ``SQLStatementScanner/longestText`` bytes.
  var text: [UInt8]
}

/// Reads an SQL script piece by piece and finds its statements. Texts, quoted names, bodies of functions, comments and
/// the rows of a COPY are not statements. Rows are skipped at the speed of reading memory.
package struct SQLStatementScanner {
  static let longestText = 16_384

  private enum Mode {
    case between, statement, quote, name, dollarTag, dollar, lineComment, blockComment, order, rows
  }

  private var mode = Mode.between
  /// The mode after the current comment.
  private var outer = Mode.between
  private var offset: Int64 = 0
  private var start: Int64 = 0
  private var text: [UInt8] = []
  private var previous: UInt8 = 0
  private var hasEscapes = false
  private var isEscaped = false
  private var depth = 0
  private var commentDepth = 0
  private var tag: [UInt8] = []
  private var line: [UInt8] = []
  private var word: [UInt8] = []
  private var words: [String] = []
  /// The nesting level in a function's body of `BEGIN ATOMIC … END`.
  private var bodyDepth = 0
  /// The current comment between statements, as pg_dump writes them at the beginning.
  private var comment: [UInt8] = []

  private static let longestComment = 200

  package init() {}

  /// - Parameters:
  ///   - found: called with each statement that ends in this piece.
  ///   - said: called with each line comment between statements, without its hyphens.
  package mutating func take(
    _ bytes: UnsafeRawBufferPointer, found: (SQLStatement) -> Void, said: (String) -> Void = { _ in }
  ) {
    var index = 0
    while index < bytes.count {
      switch mode {
      case .rows: index = skipRows(bytes, index)
      case .lineComment, .order: index = skipLine(bytes, index, said)
      default:
        let byte = bytes[index]
        index += 1
        take(byte, at: offset + Int64(index) - 1, found)
        previous = byte
      }
    }
    offset += Int64(bytes.count)
  }

  // MARK: Lines

  /// - Returns: the index after the end marker of the rows, or the end of the piece.
  private mutating func skipRows(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Int {
    let end = bytes.position(of: "\n", from: index)
    if line.count < 4 { line += bytes[index..<(end ?? bytes.count)].prefix(4 - line.count) }
    guard let end else { return bytes.count }
    if line.elementsEqual("\\.".utf8) || line.elementsEqual("\\.\r".utf8) { mode = .between }
    line.removeAll(keepingCapacity: true)
    previous = UInt8(ascii: "\n")
    return end + 1
  }

  private mutating func skipLine(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ said: (String) -> Void) -> Int {
    let end = bytes.position(of: "\n", from: index)
    if comment.count < Self.longestComment {
      comment += bytes[index..<(end ?? bytes.count)].prefix(Self.longestComment - comment.count)
    }
    guard let end else { return bytes.count }
    if mode == .lineComment, outer == .between { said(String(decoding: comment, as: UTF8.self)) }
    comment.removeAll(keepingCapacity: true)
    mode = mode == .order ? .between : outer
    previous = UInt8(ascii: "\n")
    return end + 1
  }

  // MARK: Characters

  private mutating func take(_ byte: UInt8, at place: Int64, _ found: (SQLStatement) -> Void) {
    switch mode {
    case .between: between(byte, place, found)
    case .statement: statement(byte, place, found)
    case .quote: quoted(byte)
    case .name:
      append(byte)
      if byte == UInt8(ascii: "\"") { mode = .statement }
    case .dollarTag where byte != UInt8(ascii: "$") && !Self.isNameByte(byte):
      // A parameter, not a quote.
      mode = .statement
      statement(byte, place, found)
    case .dollarTag:
      append(byte)
      if byte == UInt8(ascii: "$") {
        mode = .dollar
        line.removeAll(keepingCapacity: true)
      } else {
        tag.append(byte)
      }
    case .dollar: dollarQuoted(byte)
    case .blockComment:
      if previous == UInt8(ascii: "/"), byte == UInt8(ascii: "*") { commentDepth += 1 }
      if previous == UInt8(ascii: "*"), byte == UInt8(ascii: "/") {
        commentDepth -= 1
        if commentDepth == 0 { mode = outer }
      }
    case .lineComment, .order, .rows: break
    }
  }

  private mutating func between(_ byte: UInt8, _ place: Int64, _ found: (SQLStatement) -> Void) {
    switch byte {
    case 0x09...0x0D, 0x20, UInt8(ascii: ";"): return
    case UInt8(ascii: "\\") where previous == 0 || previous == UInt8(ascii: "\n"): mode = .order
    default:
      start = place
      text.removeAll(keepingCapacity: true)
      words.removeAll(keepingCapacity: true)
      word.removeAll(keepingCapacity: true)
      depth = 0
      bodyDepth = 0
      previous = 0
      mode = .statement
      statement(byte, place, found)
    }
  }

  private mutating func statement(_ byte: UInt8, _ place: Int64, _ found: (SQLStatement) -> Void) {
    let followsE = word.count == 1 && word[0] == UInt8(ascii: "e")
    if Self.isNameByte(byte) {
      if word.count < 32 { word.append(byte | 0x20) }
    } else if !word.isEmpty {
      endWord()
    }
    append(byte)
    switch byte {
    case UInt8(ascii: "'"):
      mode = .quote
      // Two quotes are one within the text.
      hasEscapes = previous == UInt8(ascii: "'") ? hasEscapes : followsE
      isEscaped = false
    case UInt8(ascii: "\""): mode = .name
    case UInt8(ascii: "-") where previous == UInt8(ascii: "-"): beginComment(.lineComment, at: place)
    case UInt8(ascii: "*") where previous == UInt8(ascii: "/"): beginComment(.blockComment, at: place)
    case UInt8(ascii: "$") where !Self.isNameByte(previous):
      mode = .dollarTag
      tag.removeAll(keepingCapacity: true)
    case UInt8(ascii: "("): depth += 1
    case UInt8(ascii: ")"): depth = max(0, depth - 1)
    case UInt8(ascii: ";") where depth == 0 && bodyDepth == 0:
      found(SQLStatement(range: start..<(place + 1), text: text))
      mode = isCopyFromInput ? .rows : .between
      line.removeAll(keepingCapacity: true)
    default: break
    }
  }

  private mutating func beginComment(_ kind: Mode, at place: Int64) {
    text.removeLast(min(2, text.count))
    comment.removeAll(keepingCapacity: true)
    commentDepth = 1
    // A comment before a statement does not belong to it.
    outer = start + 1 == place ? .between : .statement
    mode = kind
  }

  private mutating func quoted(_ byte: UInt8) {
    append(byte)
    if isEscaped {
      isEscaped = false
    } else if hasEscapes, byte == UInt8(ascii: "\\") {
      isEscaped = true
    } else if byte == UInt8(ascii: "'") {
      mode = .statement
    }
  }

  private mutating func dollarQuoted(_ byte: UInt8) {
    append(byte)
    // The possible end: a dollar sign, the tag, a dollar sign.
    if byte == UInt8(ascii: "$") {
      if line.first == UInt8(ascii: "$"), line.dropFirst().elementsEqual(tag) {
        mode = .statement
        line.removeAll(keepingCapacity: true)
      } else {
        line = [byte]
      }
    } else if !line.isEmpty {
      if line.count <= tag.count { line.append(byte) } else { line.removeAll(keepingCapacity: true) }
    }
  }

  private mutating func append(_ byte: UInt8) {
    if text.count < Self.longestText { text.append(byte) }
  }

  // MARK: Words

  private mutating func endWord() {
    let ended = String(decoding: word, as: UTF8.self)
    word.removeAll(keepingCapacity: true)
    if words.count < 4 { words.append(ended) }
    guard isRoutine else { return }
    switch ended {
    case "begin": bodyDepth += 1
    case "case" where bodyDepth > 0: bodyDepth += 1
    case "end" where bodyDepth > 0: bodyDepth -= 1
    default: break
    }
  }

  private var isRoutine: Bool {
    guard words.first == "create", words.count > 1 else { return false }
    let kind = words[1] == "or" && words.count > 3 ? words[3] : words[1]
    return kind == "function" || kind == "procedure"
  }

  private var isCopyFromInput: Bool {
    guard words.first == "copy" else { return false }
    let all = SQLWords(text).words
    return zip(all, all.dropFirst()).contains { $0 == .word("from") && $1 == .word("stdin") }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...,
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

/// The words of one statement.
struct SQLWords {
  enum Word: Equatable {
    /// A keyword or an unquoted name, in lower case.
    case word(String)
    /// A name in double quotes, without them.
    case name(String)
    /// A text in single quotes.
    case text
    case sign(UInt8)
  }

  private(set) var words: [Word] = []

  init(_ text: [UInt8]) {
    var index = 0
    while index < text.count {
      let byte = text[index]
      switch byte {
      case 0x09...0x0D, 0x20: index += 1
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        var inside: [UInt8] = []
        index += 1
        while index < text.count {
          if text[index] == byte {
            guard index + 1 < text.count, text[index + 1] == byte else { break }
            index += 1
          }
          inside.append(text[index])
          index += 1
        }
        index += 1
        words.append(byte == UInt8(ascii: "\"") ? .name(String(decoding: inside, as: UTF8.self)) : .text)
      default:
        let rest = text[index...].prefix {
          ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: "_")
            || $0 >= 0x80
        }
        if rest.isEmpty {
          index += 1
          words.append(.sign(byte))
        } else {
          index += rest.count
          words.append(.word(String(decoding: rest, as: UTF8.self).lowercased()))
        }
      }
    }
  }

  func begins(_ expected: String...) -> Bool {
    words.count >= expected.count && zip(words, expected).allSatisfy { $0 == .word($1) }
  }

  /// Returns the name at an index, quoted or not; nil if there is none.
  func name(at index: Int) -> String? {
    guard words.indices.contains(index) else { return nil }
    switch words[index] {
    case .word(let text), .name(let text): return text
    case .text, .sign: return nil
    }
  }
}
