import Archive
import Common
import Fuzzing
import Glibc
import Sandbox
import Testing

@testable import Engine
@testable import Transfer

/// Hundreds of mutations of a small archive: all readers must give the same result.
@Suite("Mutated archives")
struct MutatedArchiveTests {
  /// A small archive written by this program.
  private static let small = Result {
    let path = try Servers.folder() + "/mutated-small.tar.gz"
    let options = ExportOperation.Options(subdomain: "bookclub", output: path)
    _ = try ExportOperation(Servers.old().reference, options).perform(.silent)
    return path
  }

  private static let archiveFamilies: Set<FailureFamily> = [.archive, .damagedArchive, .unsuitableArchive]

  /// Returns the failure of `body`; nil if it throws none.
  ///
  /// - Throws: every error that is not a failure of an archive.
  private func failure(_ body: () throws -> Void) throws -> (any Failure)? {
    do {
      try body()
      return nil
    } catch let failure as any Failure where Self.archiveFamilies.contains(failure.family) {
      try hold(!failure.description.unicodeScalars.contains { $0.value < 0x20 }, "it says \(failure)")
      return failure
    }
  }

  private func verify(_ path: String) throws -> (any Failure)? {
    try failure { _ = try VerifyOperation(VerifyOperation.Options(archive: path)).perform(.silent) }
  }

  /// Reads everything that an import reads before it queries the server.
  private func open(_ path: String, work: String) throws -> (any Failure)? {
    try failure {
      let archive = try OpenedArchive.open(path, workFolder: work, expecting: .export)
      defer { archive.close() }
      let index = try ArchiveIndex(archive, .known, meter: .unseen)
      for document in [index.realm, index.attachments, index.analytics].compactMap({ $0 }) {
        for table in document.tables { try document.rows(of: table, keys: ["id"]) { _ in } }
      }
      try index.messageRows(of: "zerver_message", keys: ["id", "date_sent"]) { _ in }
    }
  }

  private func inspect(_ path: String) throws -> (any Failure)? {
    try failure {
      let summary = try ArchiveSummary.of(path)
      try hold(!summary.facts.isEmpty, "nothing to say")
    }
  }

  @Test("An archive of this program is refused by every command after any byte has changed")
  func packed() throws {
    let scratch = try Servers.folder() + "/mutated-" + RandomText.alphanumeric(8)
    try FileSystem.makeFolder(scratch)
    defer { try? FileSystem.removeTree(scratch) }
    let bytes = try FileSystem.read(try Self.small.get())
    let path = scratch + "/a.tar.gz"
    try Fuzz("our archive", corpus: [bytes], largest: 1 << 24).run(150) { input in
      try FileSystem.replace(path, with: input)
      let found = try (verify(path), open(path, work: scratch + "/work"))
      try hold((found.0 == nil) == (input == bytes), "verify: \(String(describing: found.0))")
      try hold((found.1 == nil) == (input == bytes), "open: \(String(describing: found.1))")
      _ = try inspect(path)
    }
  }

  @Test("A changed document is accepted or refused by verify and import alike")
  func documents() throws {
    let folder = try Servers.folder() + "/mutated-" + RandomText.alphanumeric(8)
    defer { try? FileSystem.removeTree(folder) }
    let archive = try OpenedArchive.open(try Self.small.get(), workFolder: Servers.folder())
    defer { archive.close() }
    for member in archive.members where member.name != Manifest.fileName {
      let path = "\(folder)/\(member.name)"
      try FileSystem.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
      try FileSystem.replace(path, with: try archive.open(member.name).bytes())
    }
    let work = try Servers.folder()
    #expect(try verify(folder) == nil)
    for name in ["realm.json", "messages-000001.json", "attachment.json", "analytics.json", "uploads/records.json"] {
      let bytes = try archive.open(name).bytes()
      let tokens = ["{", "}", "[", "]", ",", "\"id\": ", "null", "[[[[", "\\ud800", "\u{1}", "NaN", "{\"id\": 1}, "]
      try Fuzz("document \(name)", corpus: [bytes], tokens: tokens, largest: 1 << 24).run(60) { input in
        try FileSystem.replace("\(folder)/\(name)", with: input)
        let verified = try verify(folder)
        let opened = try open(folder, work: work)
        try hold(verified != nil || opened == nil, "verify takes it; open: \(String(describing: opened))")
        _ = try inspect(folder)
      }
      try FileSystem.replace("\(folder)/\(name)", with: bytes)
    }
  }
}
