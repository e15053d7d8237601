import Testing

@testable import JSON
@testable import Transfer

@Suite("Streaming of rows")
struct JSONStreamTests {
  @Test(
    "Documents that RFC 8259 allows are accepted",
    arguments: [
      "{}", "[]", "[1,-0,0.5,1e9,1E-2,-12.75e+3]", #"{"a":[true,false,null],"b":{"c":"d"}}"#, #" [ "\u00e9\n\"" ] "#,
      "\"ß☃𝔘\"", "0",
    ])
  func sound(text: String) {
    #expect(Self.fault(Array(text.utf8)) == nil)
  }

  @Test(
    "Documents that RFC 8259 does not allow are refused",
    arguments: [
      "", "{", "[1,]", "{\"a\":1,}", "{a:1}", "[01]", "[1.]", "[.5]", "[1e]", "[+1]", "\"\u{1}\"", "\"\\x\"",
      "\"\\u12g4\"",
      "[1 2]", "tru", "nul", "[] []", "{\"a\" 1}", "\"open", "[\"\\\"]", "NaN",
    ])
  func unsound(text: String) {
    #expect(Self.fault(Array(text.utf8)) != nil)
  }

  @Test(
    "Bytes that are not UTF-8 are refused",
    arguments: [
      [0xC0, 0x80], [0xFF], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xE0, 0x80, 0x80],
    ] as [[UInt8]])
  func encoding(bytes: [UInt8]) {
    #expect(Self.fault([0x22] + bytes + [0x22]) != nil)
  }

  private static func fault(_ bytes: [UInt8]) -> Int? { bytes.withUnsafeBytes { StrictJSON.firstFault($0) } }

  private static let document = """
    {"zerver_a": [ {"id": 1, "t": "}],\\"{[ \\\\"}, {"id":2,"n":{"x":[1,{}]}} ],
     "import_source": "zulip", "zerver_b":[], "flag": true, "number": 12.5, "zerver_c":[{"id":3}]}

    """

  private func rows(_ text: String, piece: Int) throws -> [String] {
    var found: [String] = []
    let stream = RowStream(
      "test.json", isList: text.hasPrefix("["), begins: { table, _ in found.append("table \(table)") },
      row: { table, row in
        var scanner = JSONScanner(row, name: "test.json")
        _ = try scanner.value()
        found.append("\(table) \(String(decoding: row, as: UTF8.self))")
      })
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: piece) {
      try bytes[start..<min(start + piece, bytes.count)].withUnsafeBytes { try stream.take($0) }
    }
    try stream.end()
    return found
  }

  @Test("Rows are the same wherever the input is split")
  func pieces() throws {
    let whole = try rows(Self.document, piece: 10_000)
    #expect(
      whole == [
        "table zerver_a", "zerver_a {\"id\": 1, \"t\": \"}],\\\"{[ \\\\\"}", "zerver_a {\"id\":2,\"n\":{\"x\":[1,{}]}}",
        "table zerver_b", "table zerver_c", "zerver_c {\"id\":3}",
      ])
    for piece in 1...40 { #expect(try rows(Self.document, piece: piece) == whole) }
    #expect(try rows("[{\"a\":1},{\"a\":2}]", piece: 3) == ["table ", " {\"a\":1}", " {\"a\":2}"])
  }

  @Test(
    "A document without rows is refused",
    arguments: [
      "", "[", "{\"a\":[{}", "{\"a\":[{},]}", "{\"a\":[{}]", "{\"a\":[{}]}x", "{\"a\":[1]}", "{\"a\":[{}{}]}", "{,}",
      "{\"a\":[],}", "{\"a\":tru}", "{\"a\":[{\"b\":01}]}", "{\"a\" []}", "3", "{\"a\":}",
    ])
  func refused(text: String) {
    for piece in [1, 1000] { #expect(throws: (any Error).self) { try rows(text, piece: piece) } }
  }

  @Test("A set of ids contains exactly the added ids")
  func ids() {
    var set = IDSet()
    var plain: Set<Int64> = []
    var value: UInt64 = 7
    for index in 0..<5000 {
      value = value &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let id = index % 3 == 0 ? Int64(index) : Int64(value >> 40)
      #expect(set.insert(id) == plain.insert(id).inserted)
    }
    #expect(set.count == plain.count)
    #expect(plain.allSatisfy { set.contains($0) })
  }
}
