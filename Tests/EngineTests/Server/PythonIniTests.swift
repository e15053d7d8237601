import Common
import FoundationEssentials
import Testing

@testable import Administration
@testable import Server

/// Files with the sections that Python's `configparser.RawConfigParser` reads from them, or its error. The fixture was
/// created with Python 3.11: hand-written cases first, then generated ones.
private struct PythonReading: Decodable, Sendable {
  let input: Data
  /// For each section its name, then its entries. Not a dictionary, because some names that differ in Python are equal
  /// in Swift.
  let sections: [[Part]]?
  let refused: String?
  /// The line number in Python's error.
  let line: Int?

  enum Part: Decodable {
    case name(String)
    case entry([String])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let name = try? container.decode(String.self) {
        self = .name(name)
      } else {
        self = .entry(try container.decode([String].self))
      }
    }
  }

  static let all: [PythonReading] = {
    let path = #filePath.replacing("Server/PythonIniTests.swift", with: "Fixtures/python-ini.jsonl")
    let lines = ((try? FileSystem.read(path)) ?? []).split(separator: 10)
    return lines.compactMap { try? JSONDecoder().decode(PythonReading.self, from: Data($0)) }
  }()

  var bytes: [UInt8] { Array(input) }
  var shown: String { String(decoding: bytes, as: UTF8.self).debugDescription }
}

@Suite("Ini files")
struct PythonIniTests {
  /// Compares by bytes: Swift treats different encodings of a character as equal.
  private func exact(_ sections: [[PythonReading.Part]]) -> Set<[[UInt8]]> {
    Set(
      sections.flatMap { section -> [[[UInt8]]] in
        guard case .name(let name)? = section.first else { return [] }
        return section.map { part in
          switch part {
          case .name(let name): [Array(name.utf8)]
          case .entry(let entry): ([name] + entry).map { Array($0.utf8) }
          }
        }
      })
  }

  private func exact(_ file: ConfFile) -> Set<[[UInt8]]> {
    Set(
      file.sections.flatMap { section in
        [[Array(section.utf8)]]
          + file.keys(of: section).map { key in
            [Array(section.utf8), Array(key.utf8), Array((file.value(section, key) ?? "").utf8)]
          }
      })
  }

  @Test("The fixture is complete")
  func fixture() { #expect(PythonReading.all.count >= 600) }

  @Test("An ini file is read and refused like by Python, with the same line")
  func reading() {
    for reading in PythonReading.all {
      do {
        let file = try ConfFile(reading.bytes, name: "file")
        guard let sections = reading.sections else {
          Issue.record("Python refuses it (\(reading.refused ?? "")): \(reading.shown)")
          continue
        }
        #expect(exact(file) == exact(sections), "\(reading.shown)")
      } catch let failure as PlainFailure {
        #expect(reading.sections == nil, "\(failure.reason): \(reading.shown)")
        if let line = reading.line, line > 0 {
          #expect(failure.reason.contains("line \(line)"), "\(failure.reason): \(reading.shown)")
        }
      } catch {
        Issue.record("\(error)")
      }
    }
  }

  @Test("A change of an ini file can be read back and undone")
  func editing() throws {
    let values = ["x", "", "a\nb", "a\n\nb", "# first", "é", "=", ": b\n[c]\nd = e", "[x]"]
    for reading in PythonReading.all where reading.sections != nil {
      let text = String(decoding: reading.bytes, as: UTF8.self)
      let before = try ConfFile(text, name: "file")
      var editor = try ConfFileEditor(text, name: "file")
      #expect(Array(editor.text.utf8) == reading.bytes)
      for (index, value) in values.enumerated() {
        let section = index % 3 == 0 ? "third" : before.sections.last ?? "secrets"
        let key = index % 2 == 0 ? "new_key" : before.keys(of: section).last ?? "other"
        if section.isEmpty { continue }
        let old = try ConfFile(editor.text, name: "file")
        try editor.set(section, key, to: value)
        let new = try ConfFile(editor.text, name: "file")
        #expect(new.value(section, key) == value, "\(reading.shown)")
        #expect(new.isLike(old, but: section, key, value), "\(reading.shown)")
      }
    }
  }

  @Test("A value that an ini file cannot hold is refused without a change")
  func impossibleValues() throws {
    var editor = try ConfFileEditor("[secrets]\na = 1\n", name: "file")
    for value in ["a\n# b", "a\n; b", " a", "a ", "a\rb", "a\n", "a\n  b", "a\u{2028}"] {
      let failure = #expect(throws: PlainFailure.self, "\(value.debugDescription)") {
        try editor.set("secrets", "a", to: value)
      }
      #expect(failure?.reason.contains("key a ") == true)
      #expect(editor.text == "[secrets]\na = 1\n")
    }
    for key in ["a b=", "#c", "[d]", "", " e"] {
      #expect(throws: PlainFailure.self, "\(key)") { try editor.set("secrets", key, to: "1") }
    }
    #expect(throws: PlainFailure.self) { try editor.set("sec\nrets", "a", to: "1") }
    #expect(editor.text == "[secrets]\na = 1\n")
  }

  @Test("A duplicate key is refused with the file, the section, the key and both lines")
  func doubledKey() throws {
    let failure = #expect(throws: PlainFailure.self) {
      try ConfFile("[secrets]\ncamo_key = 1\n\n# two\nCamo_Key: 2\n", name: "/etc/aloha/aloha-secrets.conf")
    }
    #expect(failure?.family == .configuration)
    #expect(failure?.subject == "/etc/aloha/aloha-secrets.conf")
    for word in ["[secrets]", "camo_key", "line 2", "line 5"] { #expect(failure?.reason.contains(word) == true) }
    let section = #expect(throws: PlainFailure.self) { try ConfFile("[a]\nb = 1\n[a]\n", name: "file") }
    for word in ["[a]", "line 1", "line 3"] { #expect(section?.reason.contains(word) == true) }
  }

  @Test("The error about a refused file contains none of its values")
  func silence() {
    for text in [
      "[secrets]\nhunter2\n", "hunter2\n", "[secrets]\na = hunter2\na = hunter2\n", "[secrets]\n= hunter2\n",
    ] {
      let failure = #expect(throws: PlainFailure.self) { try ConfFile(text, name: "file") }
      #expect(failure.map { "\($0) \($0.remedy ?? "")" }?.contains("hunter2") == false)
    }
  }

  @Test("A duplicate secret is refused, as by the server")
  func installation() throws {
    let server = try Servers.fresh()
    let path = server.root + server.brand.secretsFile
    let text = String(decoding: try FileSystem.read(path), as: UTF8.self)
    try FileSystem.replace(path, with: (text + "avatar_salt = other\n").utf8, mode: 0o640)
    let failure = #expect(throws: PlainFailure.self) { _ = try server.installation }
    #expect(failure?.subject == path)
    #expect(failure?.reason.contains("avatar_salt") == true)
  }
}
