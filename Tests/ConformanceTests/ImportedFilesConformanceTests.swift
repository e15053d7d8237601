import Common
import Glibc
import Operations
import Testing
import Transfer

@Suite("Files on a newer server, against the official importer", .enabled(if: Reference.newer != nil, "no data here"))
struct ImportedFilesConformanceTests {
  @Test("An import leaves the same files, and the same facts of every image")
  func importing() throws {
    let servers = try Reference.Servers(Reference.newer)
    let options = ImportOperation.Options(subdomain: "", archive: "\(servers.folder)/export.tar.gz")
    _ = try ImportOperation(ServerReference(servers.installation("target")), options).perform(.silent)
    #expect(try files(servers, "target") == files(servers, "golden"))
    #expect(try images(servers, "target") == images(servers, "golden"))
  }

  /// Returns the server's rows of images and their previews.
  private func images(_ servers: Reference.Servers, _ server: String) throws -> String {
    try Subprocess(
      try #require(Subprocess.find("psql")),
      [
        "-qXAt", "-d", servers.conninfo(server), "-c",
        """
        SELECT i.id, a.id, original_width_px, original_height_px, frames, i.content_type, i.realm_id,
          thumbnail_metadata
        FROM zerver_imageattachment i JOIN zerver_attachment a ON a.path_id = i.path_id ORDER BY i.id
        """,
      ]
    ).runChecked()
  }

  /// Returns the paths of files below `uploads`, without the random part of each path, each with a digest. For computed
  /// pictures the size is compared instead of the bytes.
  private func files(_ servers: Reference.Servers, _ server: String) throws -> [String] {
    let root = "\(servers.directory)/\(server)/home/zulip/uploads"
    return try Subprocess("/usr/bin/find", [root, "-type", "f", "-printf", "%P\n"]).runChecked()
      .split(separator: "\n").map(String.init).map { path in
        let bytes = try FileSystem.read("\(root)/\(path)")
        let isComputed = path.hasSuffix("-medium.png") || path.contains("/still/")
        // Width and height in the header of a PNG. A preview's header contains its size; the rest includes the printing
        // resolution of the source.
        let digest =
          isComputed
          ? "\(bytes.prefix(24).suffix(8))"
          : path.hasPrefix("files/thumbnail/") ? "\(bytes.prefix(30).suffix(6))" : Digest.hexadecimal(bytes)
        var parts = path.split(separator: "/").map(String.init)
        if parts.first == "files", parts.count == 5 { parts.replaceSubrange(2..<4, with: ["*", "*"]) }
        if parts.first == "files", parts.count == 7 { parts.replaceSubrange(3..<5, with: ["*", "*"]) }
        return "\(parts.joined(separator: "/")) \(digest)"
      }.sorted()
  }
}
