import Common
import Glibc
import Sandbox
import Testing

@testable import Administration
@testable import Server

/// The server's user owns the uploads, and can replace any folder in them by a link while root works there.
@Suite("Uploads folders replaced by links")
struct UploadsSwapTests {
  private func outside(_ server: SandboxServer) throws -> String {
    let path = "\(server.root)/outside"
    try FileSystem.makeFolder("\(path)/4711", mode: 0o755)
    try FileSystem.replace("\(path)/4711/kept", with: "precious".utf8)
    try FileSystem.replace("\(path)/kept", with: "precious".utf8)
    return path
  }

  private func swap(_ path: String, for target: String) {
    #expect(rename(path, "\(path).aside") == 0)
    #expect(symlink(target, path) == 0)
  }

  @Test("Files of an import are placed in the folder that was made, and taken back from there")
  func placing() throws {
    let server = try Servers.fresh()
    let outside = try outside(server)
    let before = try FileSystem.names(in: outside)
    let placed = try StagedUploads(server.installation, organization: 4711)
    try placed.add(.messageFiles, "a/before", [1])
    swap("\(server.uploads)/files/4711", for: "\(outside)/4711")
    try placed.add(.messageFiles, "a/after", [1])
    swap("\(server.uploads)/avatars", for: outside)
    try placed.add(.avatars, "picture", [1])
    #expect(try FileSystem.names(in: "\(server.uploads)/files/4711.aside/a") == ["after", "before"])
    // A link in place of a folder of the organization is refused.
    #expect(symlink(outside, "\(server.uploads)/files/4711.aside/b") == 0)
    #expect(throws: PlainFailure.self) { try placed.add(.messageFiles, "b/file", [1]) }
    #expect(throws: PlainFailure.self) { try placed.add(.messageFiles, "b/deep/file", [1]) }
    placed.rollBack()
    #expect(try FileSystem.names(in: outside) == before)
    #expect(try FileSystem.names(in: "\(outside)/4711") == ["kept"])
    #expect(try FileSystem.names(in: "\(server.uploads)/files/4711.aside") == [])
  }

  @Test("A work folder is deleted only if no other folder has replaced it")
  func workFolder() throws {
    let server = try Servers.fresh()
    let outside = try outside(server)
    let folder = try WorkFolder.make(server.installation)
    try FileSystem.replace("\(folder.path)/member", with: [1])
    swap(folder.path, for: outside)
    try folder.remove()
    #expect(try FileSystem.names(in: outside) == ["4711", "kept"])
    #expect(try FileSystem.names(in: "\(folder.path).aside") == [])
    // Links with the name of an abandoned work folder are not deleted.
    try WorkFolder.removeAbandoned(server.installation)
    #expect(FileSystem.lexists(folder.path))
    #expect(try FileSystem.names(in: outside) == ["4711", "kept"])
  }

  @Test("A deletion never follows a link")
  func deletion() throws {
    let server = try Servers.fresh()
    let outside = try outside(server)
    for folder in ["files/thumbnail", "avatars/exports"] {
      try FileSystem.makeFolder("\(server.uploads)/\(folder.split(separator: "/")[0])", mode: 0o755)
      #expect(symlink(outside, "\(server.uploads)/\(folder)") == 0)
    }
    #expect(symlink("\(outside)/4711", "\(server.uploads)/files/4711") == 0)
    _ = try OrganizationFiles(uploads: server.uploads, organization: 4711, reach: .organization).remove()
    #expect(!FileSystem.lexists("\(server.uploads)/files/4711"), "the link itself goes")
    #expect(try FileSystem.names(in: "\(outside)/4711") == ["kept"])
    #expect(symlink(outside, "\(server.uploads)/files/link") == 0)
    _ = try OrganizationFiles(uploads: server.uploads, organization: 4711, reach: .everything).remove()
    #expect(try FileSystem.names(in: outside) == ["4711", "kept"])
    #expect(try FileSystem.names(in: "\(server.uploads)/files") == [])
  }

  @Test(
    "Root refuses a link of the server's user into another user's folder, with a remedy",
    .enabled(if: geteuid() == 0))
  func trust() throws {
    let server = try Servers.fresh()
    let outside = try outside(server)
    swap("\(server.uploads)/files", for: outside)
    #expect(lchown("\(server.uploads)/files", 4711, 4711) == 0)
    let failure = #expect(throws: PlainFailure.self) { try StagedUploads(server.installation, organization: 4712) }
    #expect(failure?.remedy?.contains("chown -h root") == true)
    #expect(throws: PlainFailure.self) {
      try OrganizationFiles(uploads: server.uploads, organization: 4711, reach: .organization).remove()
    }
    #expect(try FileSystem.names(in: outside) == ["4711", "kept"])
    // The administrator's own link to another disk is followed.
    #expect(lchown("\(server.uploads)/files", 0, 0) == 0)
    let placed = try StagedUploads(server.installation, organization: 4712)
    #expect(FileSystem.exists("\(outside)/4712"))
    placed.rollBack()
    #expect(!FileSystem.exists("\(outside)/4712"))
  }
}
