import Common
import Testing

@testable import JSON

private func scan<Value>(_ text: String, _ body: (inout JSONScanner) throws -> Value) throws -> Value {
  try Array(text.utf8).withUnsafeBytes { bytes in
    var scanner = JSONScanner(bytes, name: "test.json")
    return try body(&scanner)
  }
}

@Suite("Reading JSON")
struct JSONScannerTests {
  @Test(
    "Strings are decoded with all their escapes",
    arguments: [
      (#""plain""#, "plain"), (#""a\"b\\c\/d""#, "a\"b\\c/d"), (#""\n\t\r\b\f""#, "\n\t\r\u{8}\u{C}"),
      (#""é日""#, "é日"), (#""👍""#, "👍"), (#""""#, ""),
      (#""\\""#, "\\"), (#""日本語 👩‍👩‍👧""#, "日本語 👩‍👩‍👧"),
    ])
  func strings(_ json: String, _ text: String) throws {
    #expect(try scan(json) { try $0.value().text } == text)
  }

  @Test(
    "Times are exact to the microsecond",
    arguments: [
      ("1794953759.287189", 1_794_953_759_287_189), ("1795384832.9404364", 1_795_384_832_940_436),
      ("1795392000.0", 1_795_392_000_000_000), ("0", 0), ("-1.5", -1_500_000), ("1e3", 1_000_000_000),
      ("1795384844.9999996", 1_795_384_845_000_000),
    ] as [(String, Int64)])
  func moments(_ json: String, _ microseconds: Int64) throws {
    #expect(try scan(json) { try $0.value().microseconds } == microseconds)
  }

  @Test("Integers are exact, and other values are nil")
  func integers() throws {
    #expect(try scan("9223372036854775807") { try $0.value().int } == .max)
    #expect(try scan("-9223372036854775808") { try $0.value().int } == .min)
    #expect(try scan("9223372036854775808") { try $0.value().int } == nil)
    #expect(try scan("1.0") { try $0.value().int } == nil)
    #expect(try scan("\"1\"") { try $0.value().int } == nil)
  }

  @Test(
    "Invalid JSON is an error with the member and the position",
    arguments: [
      "", "{", "[", "[1", "[1,", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "\"open", "\"open\\\"", "[tru]", "nul",
      "{a:1}", "[1 2]", String(repeating: "[", count: 200), "{\"a\":{\"b\":[}", "[01]", "[1.]", "[.5]", "[+1]", "[-]",
      "[1e]", "[--1]", "[1-2]", "[NaN]", "[Infinity]", "[-Infinity]", "[\"a\u{1}\"]", "[\"a\nb\"]", "[\"\\x\"]",
      "[\"\\u12\"]",
      "[\"\\ud800\"]", "[\"\\udc00\\ud800\"]", "[\"\\ud800\\u0041\"]", "[] []", "{}x", "{\"a\":{}}}", "[]\0",
      "\u{FEFF}[]",
      "[[1,]]", "[{\"a\":1,}]", "[{\"a\" 1}]", "[{1:2}]", "[[tru]]", "[\"12345678\u{8}\"]", "[1e99999]", "[1E-99999]",
      "[" + String(repeating: "1", count: 1001) + "]",
    ])
  func malformed(_ json: String) throws {
    let failure = #expect(throws: PlainFailure.self) {
      try scan(json) { scanner in
        if scanner.peek() == 0x7B {
          try scanner.object { scanner, _ in _ = try scanner.value() }
        } else {
          try scanner.array { scanner in _ = try scanner.value() }
        }
        try scanner.end()
      }
    }
    #expect(failure?.family == .damagedArchive)
    #expect(failure?.subject == "test.json")
  }

  @Test(
    "Strings that are not UTF-8 are refused",
    arguments: [
      [0xC0, 0x80], [0xFF], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xE0, 0x80, 0x80],
      [0xF0, 0x80, 0x80, 0x80], [0xE2, 0x82, 0x41], [0xF1, 0x80, 0x80, 0x41],
    ] as [[UInt8]])
  func encoding(_ bytes: [UInt8]) {
    for padding in 0..<9 {
      let text = [0x22] + [UInt8](repeating: 0x61, count: padding) + bytes + [0x22]
      #expect(throws: PlainFailure.self) {
        try text.withUnsafeBytes { bytes in
          var scanner = JSONScanner(bytes, name: "test.json")
          _ = try scanner.value()
        }
      }
    }
  }

  @Test(
    "Numbers and times out of range are nil",
    arguments: [
      "99999999999999", "-99999999999999", "1e300", "-1e300", "9999999999999", "9223372036854.775808", "1e13",
      "-210866803200.5", "1e9999", "123456789012345678901234567890", "-1e9999",
    ])
  func outOfRange(_ json: String) throws {
    #expect(try scan(json) { try $0.value().microseconds } == nil)
    #expect(try scan("1e9999") { try $0.value().double } == nil)
    #expect(try scan("9223372036854.775807") { try $0.value().microseconds } == .max)
    #expect(try scan("-210866803200") { try $0.value().microseconds } == -210_866_803_200_000_000)
  }

  @Test("Differently escaped keys are equal, and duplicates are refused")
  func keys() throws {
    var reader = RowReader(keys: ["id", "a"])
    let id = try scan(#"{"\u0069d":7,"a":1}"#) { scanner in
      try reader.read(&scanner)
      return reader[0].int
    }
    #expect(id == 7)
    for row in [
      #"{"id":1,"id":2}"#, #"{"id":1,"\u0069d":2}"#, #"{"a":1,"id":3,"a":1}"#, #"{"x":1,"id":3,"x":1}"#,
    ] {
      let failure = #expect(throws: PlainFailure.self) { try scan(row) { try reader.read(&$0) } }
      #expect(failure?.reason.contains("twice") == true)
    }
    let next = try scan(#"{"id":1,"a":2}"#) { scanner in
      try reader.read(&scanner)
      return [reader[0].int, reader[1].int]
    }
    #expect(next == [1, 2])
  }

  @Test("Rows with more different keys than any table has columns are refused, in one row and in many")
  func tooManyKeys() throws {
    var reader = RowReader(keys: ["id"])
    let row = "{" + (0..<80_000).map { "\"k\($0)\":0" }.joined(separator: ",") + "}"
    #expect(throws: PlainFailure.self) { try scan(row) { try reader.read(&$0) } }
    var other = RowReader(keys: ["id"])
    let rows = "[" + (0..<5000).map { "{\"k\($0)\":0}" }.joined(separator: ",") + "]"
    #expect(throws: PlainFailure.self) { try scan(rows) { try $0.array { try other.read(&$0) } } }
    let key = String(repeating: "k", count: 5000)
    #expect(throws: PlainFailure.self) { try scan("{\"\(key)\":1}") { try other.read(&$0) } }
  }

  @Test("Rows are read in any order of keys, and unknown keys are reported once")
  func rows() throws {
    let json = #"[{"id":1,"a":"x","z":[1,{"b":"]"}]},{"a":"y","id":2},{"new":null,"a":"w","id":3}]"#
    var reader = RowReader(keys: ["id", "a", "missing"])
    var seen: [String] = []
    try scan(json) { scanner in
      try scanner.array { scanner in
        try reader.read(&scanner)
        seen.append("\(reader[0].int ?? 0)\(reader[1].text ?? "")\(reader[2].kind == .missing)")
      }
    }
    #expect(seen == ["1xtrue", "2ytrue", "3wtrue"])
    #expect(reader.unwanted == ["z", "new"])
  }
}

@Suite("Writing JSON")
struct JSONBufferTests {
  private func written(_ body: (JSONBuffer) -> Void) -> String {
    let buffer = JSONBuffer(capacity: 1)
    body(buffer)
    return String(decoding: buffer.bytes, as: UTF8.self)
  }

  @Test("Only control characters, quotes and backslashes are escaped")
  func strings() throws {
    let text = String(String.UnicodeScalarView((0..<0x20).compactMap { Unicode.Scalar($0) })) + "\"\\/é日👍\u{7F}"
    let json = written { $0.string(text) }
    #expect(try scan(json) { try $0.value().text } == text)
    #expect(!json.utf8.contains { $0 < 0x20 })
    #expect(json.contains("é日👍"))
  }

  @Test(
    "Numbers and times are encoded and decoded unchanged",
    arguments: [0, 1, -1, 9, 10, 999, .max, .min, 1_794_953_759_287_189, 1_000_000, 100, 946_684_800_000_001] as [Int64]
  )
  func numbers(_ number: Int64) throws {
    #expect(written { $0.integer(number) } == String(number))
    guard number > -1_000_000_000_000_000, number < 4_000_000_000_000_000_0 else { return }
    #expect(try scan(written { $0.seconds(microseconds: number) }) { try $0.value().microseconds } == number)
  }
}
