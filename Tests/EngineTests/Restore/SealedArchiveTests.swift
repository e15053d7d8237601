import Archive
import Common
import Glibc
import Sandbox
import Testing

@testable import Engine
@testable import Operations
@testable import WholeServer

/// One server, an encrypted backup of it, the same backup unencrypted, and the key. Tests must not change them.
private enum Sealed {
  struct Backup {
    let server: SandboxServer
    let folder: String
    let path: String
    let plain: String
    let key: String
  }

  private static let made = Result {
    let server = try Disaster.server("sealedarchive", messages: 12)
    try FileSystem.replace("\(server.uploads)/files/noise", with: try noise(3 << 20), mode: 0o644)
    let folder = "\(try Disaster.sandbox().directory)/sealed-archives"
    try FileSystem.makeFolder(folder)
    let (key, recipient) = try Encrypted.pair(in: folder)
    let backup = Backup(
      server: server, folder: folder, path: "\(folder)/backup.tar.gz.age", plain: "\(folder)/plain.tar.gz", key: key)
    _ = try Disaster.backup(server, to: backup.path) { $0.recipient = recipient }
    _ = try Disaster.backup(server, to: backup.plain)
    return backup
  }

  static func backup() throws -> Backup { try made.get() }

  private static func noise(_ count: Int) throws -> [UInt8] {
    let file = open("/dev/urandom", O_RDONLY | O_CLOEXEC)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: count)
    #expect(read(file, &bytes, count) == count)
    return bytes
  }

  /// Returns the path of the same file relative to the working directory.
  static func relative(_ path: String) -> String {
    let depth = FileSystem.absolute(".").split(separator: "/").count
    return String(repeating: "../", count: depth) + path.dropFirst()
  }

  static func verify(_ path: String, _ key: String? = nil) throws -> Summary {
    try VerifyOperation(.init(archive: path, identity: key)).perform(.silent)
  }
}

@Suite("An encrypted archive", .enabled(if: Encrypted.isPossible))
struct SealedArchiveTests {
  @Test("An encrypted archive is inspected with its key like a plain one")
  func inspected() throws {
    let backup = try Sealed.backup()
    let plain = try ArchiveSummary.of(backup.plain)
    let sealed = try ArchiveSummary.of(backup.path, identity: backup.key)
    #expect(sealed.kind == "backup" && sealed.isEncrypted && !plain.isEncrypted)
    #expect(sealed.parts["uploads"] == plain.parts["uploads"] && sealed.source == plain.source)
    #expect(sealed.hasDigests)
    #expect(sealed.advice.contains("restore --rehearse \(backup.path) --identity \(backup.key)"))
    #expect(sealed.advice.contains("restore \(backup.path) --identity \(backup.key)"))
  }

  @Test("An encrypted archive is verified and rehearsed with its key, and nothing decrypted is left on disk")
  func verified() throws {
    let backup = try Sealed.backup()
    try Disaster.folder { folder in
      let summary = try Sealed.verify(backup.path, backup.key)
      #expect(summary.facts.contains { $0.name == "Digests" && $0.value == "every one matches" })
      #expect(summary.facts.contains { $0.name == "Encryption" })
      #expect(summary.nextStepLines.contains { $0.contains("--identity \(backup.key)") })
      var options = RehearseOperation.Options(archive: backup.path)
      options.identity = backup.key
      options.workFolder = folder
      // Records the names of files written to the work folder during unpacking: members, but no decrypted archive.
      let names = Monitor<Set<String>>([])
      let progress = Progress { event in
        guard case .advanced = event else { return }
        for scratch in (try? FileSystem.names(in: folder)) ?? [] {
          let found = (try? FileSystem.names(in: "\(folder)/\(scratch)")) ?? []
          names.now { $0.formUnion(found) }
        }
      }
      #expect(try RehearseOperation(options).rehearse(progress).isSound)
      let seen = names.now { $0 }
      #expect(!seen.contains { $0.contains(".tar") || $0.contains("beginning") }, "\(seen)")
      #expect(try FileSystem.names(in: folder).isEmpty)
    }
  }

  @Test("An encrypted archive and its key can be given by relative paths")
  func relativePaths() throws {
    let backup = try Sealed.backup()
    let (path, key) = (Sealed.relative(backup.path), Sealed.relative(backup.key))
    #expect(!path.hasPrefix("/") && FileSystem.exists(path) && FileSystem.exists(key))
    #expect(try ArchiveSummary.of(path, identity: key).kind == "backup")
    _ = try Sealed.verify(path, key)
    _ = try Sealed.verify(path)
    var rehearsal = RehearseOperation.Options(archive: path)
    rehearsal.identity = key
    #expect(try !RehearseOperation(rehearsal).check().contains { $0.severity == .blocker })
    #expect(try RehearseOperation(rehearsal).rehearse(.silent).isSound)
    var options = RestoreOptions(archive: path)
    options.identity = key
    #expect(
      try !RestoreOperation(ServerReference(root: backup.server.root), options).check().contains {
        $0.severity == .blocker && $0.subject != "permissions"
      })
    try Disaster.folder { folder in
      let made = Sealed.relative("\(folder)/made.tar.gz.age")
      let recipient = try Encrypted.recipient(of: backup.key)
      _ = try Disaster.backup(backup.server, to: made) { $0.recipient = recipient }
      #expect(try BackupChecksum.matches("\(folder)/made.tar.gz.age") == true)
      #expect(try ArchiveSummary.of("\(folder)/made.tar.gz.age", identity: key).kind == "backup")
    }
  }

  @Test("Without its key an encrypted archive is compared with its SHA-256, and nothing more is claimed")
  func seal() throws {
    let backup = try Sealed.backup()
    let summary = try Sealed.verify(backup.path)
    #expect(summary.title.contains("content was not checked"))
    #expect(summary.facts.contains { $0.name == "Proved" } && summary.facts.contains { $0.name == "Not proved" })
    #expect(summary.nextStepLines.contains { $0.contains("verify \(backup.path) --identity KEYFILE") })
    let inspected = try ArchiveSummary.of(backup.path)
    #expect(inspected.kind == "encrypted" && inspected.isEncrypted && inspected.seal?.hasPrefix("matches") == true)
    #expect(inspected.facts.contains { $0.name == "Encryption" })
    #expect(!inspected.facts.contains { $0.name == "Digests" || $0.name == "Unpacked" })
    #expect(inspected.notes.contains { $0.name == "Not proved" })
  }

  @Test(
    "An encrypted archive with another SHA-256 is damaged, and without one nothing is proved", arguments: [false, true])
  func wrongSeal(changesFile: Bool) throws {
    let backup = try Sealed.backup()
    try Disaster.folder { folder in
      let path = "\(folder)/b.tar.gz.age"
      var bytes = try FileSystem.read(backup.path)
      let seal = try FileSystem.read(BackupChecksum.path(for: backup.path))
      if changesFile { bytes[bytes.count - 5] ^= 1 }
      try FileSystem.replace(path, with: bytes)
      let other = Array(String(repeating: "0", count: 64).utf8) + seal.dropFirst(64)
      try FileSystem.replace(BackupChecksum.path(for: path), with: changesFile ? seal : other)
      for look in [{ _ = try Sealed.verify(path) }, { _ = try ArchiveSummary.of(path) }] {
        let failure = #expect(throws: PlainFailure.self) { try look() }
        #expect(failure?.family == .damagedArchive)
      }
      for text in [nil, "", "no digest at all\n"] {
        unlink(BackupChecksum.path(for: path))
        if let text { try FileSystem.replace(BackupChecksum.path(for: path), with: text.utf8) }
        let failure = #expect(throws: PlainFailure.self) { try Sealed.verify(path) }
        #expect(failure?.family == .archive && failure?.reason.contains("nothing about it can be proved") == true)
        #expect(try ArchiveSummary.of(path).seal?.contains("cannot be proved") == true)
      }
    }
  }

  @Test(
    "A changed or truncated encrypted archive is reported as damaged", arguments: ["changed", "cut", "cut at the end"])
  func damaged(how: String) throws {
    let backup = try Sealed.backup()
    try Disaster.folder { folder in
      let path = "\(folder)/b.tar.gz.age"
      var bytes = try FileSystem.read(backup.path)
      switch how {
      case "changed": bytes[bytes.count - 300_000] ^= 1
      case "cut": bytes.removeLast(200_000)
      default: bytes.removeLast(1)
      }
      try FileSystem.replace(path, with: bytes)
      let failures: [() throws -> Void] = [
        { _ = try Sealed.verify(path, backup.key) }, { _ = try ArchiveSummary.of(path, identity: backup.key) },
        {
          var options = RehearseOperation.Options(archive: path)
          options.identity = backup.key
          _ = try RehearseOperation(options).rehearse(.silent)
        },
      ]
      for look in failures {
        let failure = #expect(throws: (any Error).self) { try look() }
        #expect((failure as? any Failure)?.family == .damagedArchive, "\(String(describing: failure))")
      }
      #expect(try FileSystem.names(in: folder) == ["b.tar.gz.age"])
    }
  }

  @Test("An encrypted archive is refused by commands that read only plain ones")
  func plainOnly() throws {
    let backup = try Sealed.backup()
    let failure = #expect(throws: ArchiveFailure.self) { try ArchiveCheck.verifyDigests(backup.path) }
    #expect(failure?.reason.contains("age has encrypted") == true)
  }

  @Test("An ASCII-armored archive counts as encrypted")
  func armored() throws {
    let backup = try Sealed.backup()
    try Disaster.folder { folder in
      let age = try Encryption.program()
      let recipient = try Encrypted.recipient(of: backup.key)
      let path = "\(folder)/armored"
      try Subprocess(age, ["-a", "-r", recipient, "-o", path, backup.plain], directory: "/").runChecked()
      #expect(Encryption.isEncrypted(path))
      _ = try Sealed.verify(path, backup.key)
    }
  }

  @Test("A decryption ends with the process that reads it")
  func prefix() throws {
    let backup = try Sealed.backup()
    let stream = try #require(try Encryption.stream(of: backup.path, identity: backup.key, cancellation: nil))
    let reader = try ArchiveReader(backup.path, stream: stream, skipsLinks: true)
    #expect(try reader.next()?.name == "aloha-version")
  }

  @Test("The summary of an encrypted backup lists how another machine verifies and rehearses it")
  func nextSteps() throws {
    let backup = try Sealed.backup()
    try Disaster.folder { folder in
      let recipient = try Encrypted.recipient(of: backup.key)
      let summary = try Disaster.backup(backup.server, to: "\(folder)/it's.tar.gz.age") { $0.recipient = recipient }
      let steps = summary.nextStepLines.joined(separator: "\n")
      #expect(steps.contains("verify '\(folder)/it'\\''s.tar.gz.age'"))
      #expect(steps.contains("restore --rehearse '\(folder)/it'\\''s.tar.gz.age' --identity KEYFILE"))
      #expect(steps.contains(".sha256"))
    }
  }
}

@Suite("A public key")
struct PublicKeyTests {
  private let good = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"

  @Test("A complete public key is accepted")
  func whole() {
    #expect(InputRule.recipient(good) == nil)
    #expect(
      InputRule.recipient("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILr+to0JtvHPE891NT3JBYKyQaTVd9niWNgd+vOjka4s a@b") == nil
    )
  }

  @Test(
    "A public key with a missing or changed letter, and other text, is refused",
    arguments: [
      "", "notakey", "age1", "age1abc", "age1xyz", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8",
      "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8q",
      "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n",
      " age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
      "AGE-SECRET-KEY-1C5XCDC2GHSDA302Z66ESZD7YG8U2AQCEL3CSM8WXF7X4ZQJVV6RSUG25H0",
      "ssh-ed25519 AAAA", "ssh-ed25519 ",
      "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAILr+to0JtvHPE891NT3JBYKyQaTVd9niWNgd+vOjka4s",
      "ssh-dss AAAAB3NzaC1kc3MAAACBAP", "-o/etc/passwd",
    ])
  func refused(_ text: String) {
    #expect(InputRule.recipient(text) != nil)
  }

  @Test("Public keys are judged as age judges them", .enabled(if: Encrypted.isPossible))
  func agrees() throws {
    try Disaster.folder { folder in
      for index in 0..<5 {
        let (_, recipient) = try Encrypted.pair(in: folder, name: "pair\(index)")
        #expect(InputRule.recipient(recipient) == nil && Encryption.problem(recipient: recipient) == nil)
      }
    }
  }
}
