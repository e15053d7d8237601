import Archive
import Common
import Glibc
import Sandbox
import Testing

@testable import Operations
@testable import WholeServer

@Suite("An encrypted backup", .enabled(if: Subprocess.find("age-keygen") != nil, "no age here"))
struct EncryptedBackupTests {
  /// Creates a key pair. Returns the file of the private key, and the public key.
  private func keys(_ folder: String, _ name: String = "key") throws -> (file: String, recipient: String) {
    let file = "\(folder)/\(name).txt"
    let said = try Subprocess(try #require(Subprocess.find("age-keygen")), ["-o", file], directory: "/").runChecked()
    let recipient = said.split(separator: " ").last.map { String($0).filter { !$0.isNewline } }
    return (file, try #require(recipient))
  }

  /// Returns random bytes, which cannot be compressed.
  private func noise(_ count: Int) throws -> [UInt8] {
    let file = open("/dev/urandom", O_RDONLY | O_CLOEXEC)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: count)
    #expect(read(file, &bytes, count) == count)
    return bytes
  }

  private func options(_ path: String, _ identity: String?) -> RestoreOptions {
    var options = RestoreOptions(archive: path)
    options.identity = identity
    return options
  }

  @Test("A truncated encrypted backup is refused by every command, and its beginning can be salvaged with the key")
  func truncated() throws {
    let server = try Disaster.server("sealedbeginning", messages: 10)
    try Disaster.folder { folder in
      let key = try keys(folder)
      for index in 0..<3 {
        try FileSystem.replace("\(server.uploads)/files/noise\(index)", with: try noise(12 << 20), mode: 0o644)
      }
      let path = "\(folder)/backup.tar.gz.age"
      _ = try Disaster.backup(server, to: path) { $0.recipient = key.recipient }
      let before = try Disaster.fingerprint(server)
      let whole = try RestoreOperation(ServerReference(root: server.root), options(path, key.file)).check()
      #expect(!whole.contains { $0.severity == .blocker }, "\(whole)")
      #expect(whole.contains { $0.subject == "version" && $0.severity == .ok })

      let cut = "\(folder)/cut.age"
      let bytes = try FileSystem.read(path)
      try FileSystem.replace(cut, with: bytes[..<(bytes.count / 2)])
      let refusal = #expect(throws: PlainFailure.self) {
        try RestoreOperation(ServerReference(root: server.root), options(cut, key.file)).check()
      }
      #expect(refusal?.family == .damagedArchive)
      #expect(
        refusal?.remedy?.contains("restore --salvage \(cut) --identity \(key.file)") == true, "\(refusal?.remedy ?? "")"
      )
      var rehearsal = RehearseOperation.Options(archive: cut)
      rehearsal.identity = key.file
      #expect(throws: PlainFailure.self) { try RehearseOperation(rehearsal).check() }
      #expect(throws: PlainFailure.self) { try Disaster.restore(server, from: cut) { $0.identity = key.file } }
      try Disaster.expect(server, before)

      let look = try RestoreOutlook.look(root: server.root, brand: nil, options(cut, key.file))
      #expect(look.damage != nil)
      let salvaged = try Disaster.restore(server, from: cut) {
        $0.identity = key.file
        $0.salvages = true
      }
      #expect(salvaged.warnings.contains { $0.hasPrefix("Damage in the archive: ") }, "\(salvaged.warnings)")
      let after = try Disaster.fingerprint(server)
      #expect(after.tables == before.tables && after.settings == before.settings)
      #expect(after.uploads != before.uploads && Set(after.uploads).isSubset(of: before.uploads))
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)

      try Disaster.execute(server, "UPDATE zerver_message SET content = 'since'")
      try Disaster.restore(server, from: path) { $0.identity = key.file }
      try Disaster.expect(server, before)
      try server.run("scripts/stop-server")
    }
  }

  @Test(
    "An encrypted backup of the server's own command is read like a plain one, and leaves nothing decrypted on disk")
  func official() throws {
    let server = try Disaster.server("sealedofficial", messages: 10)
    try Disaster.folder { folder in
      let key = try keys(folder)
      try FileSystem.replace("\(server.configuration)/padding", with: try noise(6 << 20), mode: 0o644)
      try Disaster.officialBackup(server, to: "\(folder)/plain.tar.gz")
      let path = "\(folder)/official.age"
      try Encryption.encrypt("\(folder)/plain.tar.gz", to: key.recipient, output: path, cancellation: nil)
      let head = try BackupHeader.read(path, identity: key.file, scratch: folder, cancellation: nil)
      let plain = try BackupHeader.read("\(folder)/plain.tar.gz", scratch: folder, cancellation: nil)
      #expect(head.hasUploads && head.hasDatabase && head.settings == plain.settings)
      #expect(head.serverVersion == plain.serverVersion && head.dump?.serverMajor == plain.dump?.serverMajor)
      #expect(try FileSystem.names(in: folder).sorted() == ["key.txt", "official.age", "plain.tar.gz"])
    }
  }

  @Test("A wrong or missing key is refused with the remedy, and nothing decrypted is left on disk")
  func wrongKey() throws {
    let server = try Disaster.server("sealedaway", messages: 0)
    try Disaster.folder { folder in
      let key = try keys(folder)
      let other = try keys(folder, "other")
      let path = "\(folder)/backup.age"
      _ = try Disaster.backup(server, to: path) { $0.recipient = key.recipient }
      let before = try FileSystem.names(in: folder)
      let wrong = #expect(throws: PlainFailure.self) {
        try RestoreOperation(ServerReference(root: server.root), options(path, other.file)).check()
      }
      #expect(wrong?.family == .archive && wrong?.remedy?.contains("private key") == true, "\(wrong?.reason ?? "")")
      let none = #expect(throws: PlainFailure.self) {
        try RestoreOperation(ServerReference(root: server.root), options(path, nil)).check()
      }
      #expect(none?.remedy?.contains("--identity") == true)
      #expect(throws: PlainFailure.self) {
        try BackupHeader.read(path, identity: other.file, scratch: folder, cancellation: nil)
      }
      #expect(try FileSystem.names(in: folder) == before)
    }
  }
}
