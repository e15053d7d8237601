import Common
import Engine
import Glibc
import Operations
import Testing
import Transfer

@Suite("Against the official tools", .serialized, .enabled(if: Reference.isHere, "no reference data here"))
struct ConformanceTests {
  private func export(_ servers: Reference.Servers, to path: String) throws {
    let options = ExportOperation.Options(subdomain: "zulip", output: path)
    _ = try ExportOperation(ServerReference(servers.installation("source")), options).perform(.silent)
  }

  private func importArchive(_ servers: Reference.Servers, _ path: String) throws {
    let options = ImportOperation.Options(subdomain: "", archive: path)
    _ = try ImportOperation(ServerReference(servers.installation("target")), options).perform(.silent)
  }

  @Test("An export has no difference to the official exporter's")
  func export() throws {
    let servers = try Reference.Servers()
    let archive = "\(servers.directory)/ours.tar.gz"
    try export(servers, to: archive)
    #expect(try servers.differences("compare-archives", "\(servers.folder)/export.tar.gz", archive) == "")
  }

  @Test("The official export is found whole, and damage in it is found")
  func verifying() throws {
    let folder = try #require(Reference.folder)
    let official = "\(folder)/export.tar.gz"
    _ = try VerifyOperation(VerifyOperation.Options(archive: official)).perform(.silent)
    var bytes = try FileSystem.read(official)
    bytes[bytes.count / 2] ^= 1
    let damaged = "/tmp/aloha-damaged-\(RandomText.alphanumeric(8)).tar.gz"
    try FileSystem.replace(damaged, with: bytes)
    defer { unlink(damaged) }
    #expect(throws: (any Error).self) {
      _ = try VerifyOperation(VerifyOperation.Options(archive: damaged)).perform(.silent)
    }
  }

  @Test("An import results in the same rows and files as the official importer")
  func importing() throws {
    let servers = try Reference.Servers()
    try importArchive(servers, "\(servers.folder)/export.tar.gz")
    #expect(
      try servers.differences("compare-databases", servers.conninfo("golden"), servers.conninfo("target")) == "")
    #expect(try files(servers, "target") == files(servers, "golden"))
    let mediums = try files(servers, "target").filter { $0.hasSuffix("-medium.png") }
    #expect(!mediums.isEmpty)
    for name in mediums {
      // Width and height in the header of a PNG.
      let header = try FileSystem.read("\(servers.directory)/target/home/zulip/uploads/\(name)")[16..<24]
      #expect(Array(header) == [0, 0, 1, 0xF4, 0, 0, 1, 0xF4], "\(name)")
    }
  }

  @Test("An import of our own export leaves the same rows as one of the official export")
  func roundTrip() throws {
    let servers = try Reference.Servers()
    let archive = "\(servers.directory)/ours.tar.gz"
    try export(servers, to: archive)
    try importArchive(servers, archive)
    #expect(
      try servers.differences("compare-databases", servers.conninfo("golden"), servers.conninfo("target")) == "")
  }

  /// Returns the paths of files below `uploads`, without the random part of each path.
  private func files(_ servers: Reference.Servers, _ server: String) throws -> [String] {
    try walk("\(servers.directory)/\(server)/home/zulip/uploads", "").map { path in
      var parts = path.split(separator: "/").map(String.init)
      if parts.first == "files", parts.count == 5 {
        parts[2] = "*"
        parts[3] = "*"
      }
      return parts.joined(separator: "/")
    }.filter { !$0.hasPrefix(".") }.sorted()
  }

  private func walk(_ folder: String, _ prefix: String) throws -> [String] {
    try FileSystem.names(in: folder).flatMap { name -> [String] in
      let path = "\(folder)/\(name)"
      return FileSystem.isFolder(path) ? try walk(path, "\(prefix)\(name)/") : ["\(prefix)\(name)"]
    }
  }
}
