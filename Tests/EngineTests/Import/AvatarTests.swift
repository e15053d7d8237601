import Common
import Foundation
import Pictures
import Postgres
import Sandbox
import Testing

@testable import Server

@Suite("Imported avatars")
struct AvatarTests {
  /// Returns a copy of the archive, unpacked and without its manifest, so that it can be changed.
  private func unpacked() throws -> String {
    let folder = try Servers.folder() + "/avatars-" + RandomText.alphanumeric(6)
    try FileSystem.makeFolder(folder)
    try Subprocess("/usr/bin/tar", ["-xzf", try Servers.archive(), "-C", folder]).runChecked()
    let archive = "\(folder)/\(try #require(try FileSystem.names(in: folder).first))"
    try FileSystem.removeTree("\(archive)/manifest.json")
    return archive
  }

  private func records(_ archive: String) throws -> [[String: Any]] {
    let data = try Data(FileSystem.read("\(archive)/avatars/records.json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
  }

  private func write(_ records: [[String: Any]], _ archive: String) throws {
    try FileSystem.replace(
      "\(archive)/avatars/records.json", with: try JSONSerialization.data(withJSONObject: records))
  }

  /// Returns the users of the archive with the members of their original and small picture.
  private func people(_ archive: String) throws -> [(user: Int, original: String, small: String)] {
    let byUser = Dictionary(grouping: try records(archive)) { $0["user_profile_id"] as? Int ?? 0 }
    return try byUser.sorted { $0.key < $1.key }.map { user, records in
      let paths = records.compactMap { $0["path"] as? String }
      return (
        user, try #require(paths.first { $0.hasSuffix(".original") }),
        try #require(paths.first { $0.hasSuffix(".png") })
      )
    }
  }

  /// Returns width and height of a picture on the new server, by the user's id in the archive; nil if there is none.
  private func size(_ server: SandboxServer, _ oldUser: Int, _ ending: String) throws -> [Int]? {
    let address = try #require(
      try Servers.old().connect().value("SELECT delivery_email FROM zerver_userprofile WHERE id = \(oldUser)"))
    let row = try #require(
      try server.connect().query(
        """
        SELECT u.id, u.realm_id FROM zerver_userprofile u JOIN zerver_realm r ON r.id = u.realm_id
        WHERE u.delivery_email = $1 AND r.string_id = 'harbour'
        """, [address]
      ).first)
    let hash = AvatarPath.hash(user: Int64(row.int(0) ?? 0), salt: Secret(server.avatarSalt))
    let path = "\(server.uploads)/avatars/\(row[1] ?? "")/\(hash)\(ending)"
    guard FileSystem.exists(path) else { return nil }
    let header = try PictureHeader(FileSystem.read(path))
    #expect(header.format == .png)
    return [header.width, header.height]
  }

  @Test("Every imported avatar exists in the medium size and is readable for the web server")
  func medium() throws {
    let server = try Servers.fresh()
    let archive = try unpacked()
    let summary = try server.importing(archive).perform(.silent)
    let people = try people(archive)
    #expect(people.count >= 4)
    for person in people {
      #expect(try size(server, person.user, "-medium.png") == [500, 500])
      #expect(try size(server, person.user, ".png") == [100, 100])
    }
    #expect(!summary.warnings.contains { $0.contains("picture") })
    let folder = "\(server.uploads)/avatars"
    let modes = try Subprocess("/usr/bin/find", [folder, "-name", "*-medium.png", "-printf", "%m\n"]).runChecked()
    #expect(Set(modes.split(separator: "\n")) == ["644"])
  }

  @Test("Damaged, missing and dangerous pictures are warnings with the user's id; the import goes on")
  func odd() throws {
    let server = try Servers.fresh()
    let archive = try unpacked()
    let people = try people(archive)
    try #require(people.count >= 4)
    func file(_ member: String) -> String { "\(archive)/avatars/\(member)" }
    // The first: a damaged original.
    try FileSystem.replace(file(people[0].original), with: try FileSystem.read(file(people[0].original)).prefix(300))
    // The second: only the original, as from a server with another storage of files.
    try FileSystem.removeTree(file(people[1].small))
    // The third: only an original, whose header claims 60,000 x 60,000 pixels.
    var bomb = try FileSystem.read(file(people[2].original))
    bomb.replaceSubrange(16..<24, with: [0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60])
    try FileSystem.replace(file(people[2].original), with: bomb)
    try FileSystem.removeTree(file(people[2].small))
    // The fourth: no original, but a medium picture, which is created again.
    try FileSystem.removeTree(file(people[3].original))
    var records = try records(archive)
    let gone = [people[1].small, people[2].small, people[3].original]
    records.removeAll { record in gone.contains { $0 == record["path"] as? String } }
    var claimed = try #require(records.first { $0["path"] as? String == people[3].small })
    let medium = people[3].small.replacing(".png", with: "-medium.png")
    try FileSystem.replace(file(medium), with: Array("none".utf8))
    claimed["path"] = medium
    claimed["s3_path"] = medium
    records.insert(claimed, at: 0)
    try write(records, archive)

    let summary = try server.importing(archive).perform(.silent)
    #expect(try size(server, people[0].user, "-medium.png") == [500, 500])
    #expect(try size(server, people[0].user, ".png") == [100, 100])
    #expect(try size(server, people[1].user, "-medium.png") == [500, 500])
    #expect(try size(server, people[1].user, ".png") == [100, 100])
    #expect(try size(server, people[2].user, "-medium.png") == nil)
    #expect(try size(server, people[3].user, "-medium.png") == [500, 500])
    let warnings = summary.warnings.filter { $0.contains("picture") }
    #expect(warnings.count == 2, "\(warnings)")
    #expect(warnings.contains { $0.contains("(\(people[0].user) in the archive)") && $0.contains("damaged") })
    #expect(warnings.contains { $0.contains("(\(people[2].user) in the archive)") && $0.contains("60000 × 60000") })
    #expect(try server.leftovers() == [])
  }
}
