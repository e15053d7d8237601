import Common
import Fuzzing
import Testing

@testable import JSON
@testable import Transfer

@Suite("Fuzzing of JSON")
struct JSONFuzzTests {
  private static let corpus = [
    #"{"zerver_message": [{"id": 12, "content": "a\n\u00e9 👍 \ud83d\udc4d", "date_sent": 1795384832.9404364, "x": null}]}"#,
    #"[{"id":1,"flags":[1,-2,3.5e-7],"b":true,"n":{"d":{"e":[[]]}}},{"id":2,"flags":[],"b":false}]"#,
    #"{"zerver_realm":[],"sort_by_date":true,"import_source":"slack"}"#, "  [ ] ", "-0.0", "\"\"",
  ]
  private static let tokens = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "true", "false", "null", "NaN", "-Infinity", "\\ud83d", "\\udc4d",
    "\\u0000",
    "\\x", "//", "1e", "[[[[[[[[[[[[[[[[[[[[", "{\"id\":", "\"id\":1,\"id\":2",
  ]

  /// Visits and decodes all values. Returns their number.
  private func walk(_ value: JSONScanner.Value) throws -> Int {
    var count = 1
    var scanner = JSONScanner(value.bytes, name: "inner")
    switch value.kind {
    case .array: try scanner.array { count += try walk(try $0.value()) }
    case .object: try scanner.object { scanner, _ in count += try walk(try scanner.value()) }
    case .number:
      try hold(value.int == nil || value.double != nil, "whole, but no number")
      _ = value.microseconds.map { Timestamp.iso(microseconds: $0) }
    case .string:
      let buffer = JSONBuffer()
      buffer.string(value.text ?? "")
      var again = JSONScanner(buffer.bytes, name: "again")
      try hold(try again.value().text == value.text, "the text is another when it is written and read")
    default: break
    }
    return count
  }

  @Test("The scanner and the grammar accept the same texts")
  func scanner() throws {
    try Fuzz("json", corpus: Self.corpus, tokens: Self.tokens).run(4000) { input in
      try input.withUnsafeBytes { bytes in
        let fault = StrictJSON.firstFault(bytes)
        var whole: JSONScanner.Value?
        do {
          var scanner = JSONScanner(bytes, name: "test.json")
          let value = try scanner.value()
          try scanner.end()
          whole = value
        } catch let failure as PlainFailure {
          try hold(failure.family == .damagedArchive, "another failure: \(failure)")
        }
        try hold((fault == nil) == (whole != nil), "the grammar says \(fault.map(String.init) ?? "sound")")
        if let whole { _ = try walk(whole) }
      }
    }
  }

  @Test("Rows are read equally at once and in pieces")
  func rows() throws {
    let corpus = Self.corpus + [#"{"a":[{"id":1,"x":2},{"x":3,"id":4},{"y":5}],"b":[],"c":[{"id":"}"}]}"#]
    try Fuzz("rows", corpus: corpus, tokens: Self.tokens).run(3000) { input in
      let whole = try Self.ids(input)
      let pieces = try Self.passing(input)
      // The scanner may accept a text that the stream rejects because it is no document of rows, but not the reverse.
      try hold(
        pieces == nil || whole == pieces, "whole: \(String(describing: whole)); pieces: \(String(describing: pieces))")
    }
  }

  /// Returns the ids of all rows of all tables; nil if the text is rejected.
  private static func ids(_ input: [UInt8]) throws -> [Int64?]? {
    var ids: [Int64?] = []
    do {
      try input.withUnsafeBytes { bytes in
        var scanner = JSONScanner(bytes, name: "test.json")
        func list(_ scanner: inout JSONScanner) throws {
          var reader = RowReader(keys: ["id", "x"])
          try scanner.array { scanner in
            try reader.read(&scanner)
            ids.append(reader[0].int)
          }
        }
        if scanner.peek() == 0x5B {
          try list(&scanner)
        } else {
          var keys = RowKeys()
          keys.beginRow()
          try scanner.object { scanner, key in
            _ = try keys.index(of: key, scanner)
            if scanner.peek() == 0x5B { try list(&scanner) } else { _ = try scanner.value() }
          }
        }
        try scanner.end()
      }
    } catch is PlainFailure {
      return nil
    }
    return ids
  }

  private static func passing(_ input: [UInt8]) throws -> [Int64?]? {
    var ids: [Int64?] = []
    var readers: [String: RowReader] = [:]
    do {
      let stream = RowStream(
        "test.json", begins: { _, _ in },
        row: { table, row in
          var scanner = JSONScanner(row, name: "test.json")
          var reader = readers[table] ?? RowReader(keys: ["id", "x"])
          try reader.read(&scanner)
          readers[table] = reader
          ids.append(reader[0].int)
        })
      for start in stride(from: 0, to: input.count, by: 7) {
        try input[start..<min(start + 7, input.count)].withUnsafeBytes { try stream.take($0) }
      }
      try stream.end()
    } catch is PlainFailure {
      return nil
    }
    return ids
  }
}
