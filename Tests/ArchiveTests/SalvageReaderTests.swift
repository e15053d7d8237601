import Common
import Glibc
import Testing

@testable import Archive

@Suite("Reading a damaged archive")
struct SalvageReaderTests {
  /// Returns a plain tar of 300 files of 700 bytes and one file of 600 kB, and the position of each header.
  private func made() throws -> (bytes: [UInt8], headers: [String: Int]) {
    let folder = "/tmp/aloha-salvage-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    try FileSystem.makeFolder("\(folder)/backup")
    defer { try? FileSystem.removeTree(folder) }
    for index in 0..<300 {
      try FileSystem.replace("\(folder)/backup/f\(index)", with: Array(repeating: UInt8(index % 251 + 1), count: 700))
    }
    try FileSystem.replace("\(folder)/backup/large", with: Array(repeating: 7, count: 600_000))
    try Subprocess("/bin/tar", ["-C", folder, "--sort=name", "-cf", "\(folder)/a.tar", "backup"]).runChecked()
    let bytes = try FileSystem.read("\(folder)/a.tar")
    var headers: [String: Int] = [:]
    for start in stride(from: 0, to: bytes.count - 512, by: 512)
    where SalvageReader.isHeader(bytes[start..<(start + 512)]) {
      headers[String(decoding: bytes[start..<(start + 100)].prefix { $0 != 0 }, as: UTF8.self)] = start
    }
    return (bytes, headers)
  }

  private func names(in bytes: [UInt8]) throws -> (names: [String], isUndamaged: Bool) {
    let path = "/tmp/aloha-salvage-\(getpid())-\(UInt32.random(in: 0 ... .max)).tar"
    try FileSystem.replace(path, with: bytes)
    defer { unlink(path) }
    let reader = try SalvageReader(path)
    var names: [String] = []
    while let header = try reader.next() {
      var count: Int64 = 0
      do { while let piece = try reader.chunk() { count += Int64(piece.count) } } catch is SalvageReader.Broken {}
      if count == header.size { names.append(header.name) }
    }
    return (names, reader.isUndamaged)
  }

  @Test("A header that is damaged, or was overwritten with zeros, costs the file behind it alone")
  func header() throws {
    let (bytes, headers) = try made()
    #expect(try names(in: bytes).names.count == 301)
    #expect(try names(in: bytes).isUndamaged)
    for name in ["f0", "f150", "f299", "large"] {
      let place = try #require(headers["backup/\(name)"])
      var flipped = bytes
      flipped[place + 150] ^= 1
      let found = try names(in: flipped)
      #expect(found.names.count == 300 && !found.names.contains(name), "\(name): \(found.names.count)")
      #expect(!found.isUndamaged)
      var zeros = bytes
      for index in place..<(place + 512) { zeros[index] = 0 }
      let others = try names(in: zeros)
      #expect(others.names.count == 300 && !others.names.contains(name), "\(name): \(others.names.count)")
      #expect(!others.isUndamaged)
    }
  }

  @Test("Several damaged headers cost their files alone, and the reading comes to its end")
  func several() throws {
    let (bytes, headers) = try made()
    var damaged = bytes
    for index in stride(from: 0, to: 300, by: 3) {
      damaged[try #require(headers["backup/f\(index)"]) + 150] ^= 1
    }
    #expect(try names(in: damaged).names.count == 201)
  }

  @Test("A truncated archive gives every file before its end")
  func truncated() throws {
    let (bytes, headers) = try made()
    let place = try #require(headers["backup/f200"])
    let expected = headers.filter { $0.value < place && $0.key != "backup/" }.count
    #expect(try names(in: Array(bytes[..<(place + 600)])).names.count == expected)
  }
}
