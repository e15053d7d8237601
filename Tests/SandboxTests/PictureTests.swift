import Testing

@testable import Sandbox

@Suite("Pictures of the sample organization")
struct PictureTests {
  @Test("Sample pictures are valid PNG files")
  func png() throws {
    let file = Picture(of: "someone").png(width: 30, height: 7)
    #expect(file.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
    var position = 8
    var names: [String] = []
    while position < file.count {
      let length = file[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      let named = Array(file[position + 4..<position + 8 + length])
      let sum = file[position + 8 + length..<position + 12 + length].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      #expect(CRC32.of(named) == sum)
      names.append(String(decoding: named.prefix(4), as: UTF8.self))
      position += 12 + length
    }
    #expect(names == ["IHDR", "PLTE", "IDAT", "IEND"])
    // The last bytes of every PNG, according to the specification.
    #expect(file.suffix(4) == [0xAE, 0x42, 0x60, 0x82])
  }

  @Test("Sample pictures depend only on their name")
  func identity() {
    #expect(Picture(of: "one").png(side: 20) == Picture(of: "one").png(side: 20))
    #expect(Picture(of: "one").png(side: 20) != Picture(of: "two").png(side: 20))
  }

  @Test("Dates follow the calendar", arguments: ["1970-01-01", "2000-02-29", "2024-12-31", "2026-03-20"])
  func dates(day: String) throws {
    let parts = day.split(separator: "-").compactMap { Int($0) }
    #expect(SampleTime(year: parts[0], month: parts[1], day: parts[2]).text == "\(day) 00:00:00.000000+00")
  }

  @Test("Names of sample files are safe in a path")
  func names() {
    #expect(UploadedFiles.safeName("receipt (1 of 2).png") == "receipt-1-of-2.png")
    #expect(UploadedFiles.safeName("日本語 & more.png") == "日本語-more.png")
    #expect(!UploadedFiles.safeName("../../etc/passwd").contains("/"))
  }
}
