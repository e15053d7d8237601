import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Administration
@testable import Engine
@testable import Operations
@testable import Server
@testable import Transfer
@testable import WholeServer

@Suite("The uploads folder")
struct UploadsPresenceTests {
  enum Fault: String, CaseIterable, CustomTestStringConvertible {
    case missing, danglingLink, danglingParent, file, empty, emptyFiles, danglingFiles

    var testDescription: String { rawValue }

    func cause(_ server: SandboxServer) throws {
      let uploads = server.uploads
      switch self {
      case .missing: try FileSystem.removeTree(uploads)
      case .danglingLink:
        try FileSystem.removeTree(uploads)
        try #require(symlink("/mnt/none-such/uploads", uploads) == 0)
      case .danglingParent:
        let settings = "\(server.configuration)/settings.py"
        let new = try text(settings).replacing(uploads, with: "\(server.root)/disk/uploads")
        try #require(symlink("/mnt/none-such", "\(server.root)/disk") == 0)
        try FileSystem.replace(settings, with: new.utf8, mode: 0o644)
      case .file:
        try FileSystem.removeTree(uploads)
        try FileSystem.replace(uploads, with: "".utf8)
      case .empty:
        try FileSystem.removeTree(uploads)
        try FileSystem.makeFolder(uploads)
      case .emptyFiles:
        try FileSystem.removeTree("\(uploads)/files")
        try FileSystem.makeFolder("\(uploads)/files/2/ab")
      case .danglingFiles:
        try FileSystem.removeTree("\(uploads)/files")
        try #require(symlink("/mnt/none-such/files", "\(uploads)/files") == 0)
      }
    }
  }

  private func finding(_ findings: [Finding]) throws -> Finding {
    try #require(findings.first { $0.subject == "uploads" })
  }

  @Test("The command that gives lost uploads up runs, also where their folder does not exist")
  func commandThatGivesUp() throws {
    for fault in Fault.allCases {
      let server = try Servers.fresh()
      try server.add(SampleOrganization(.bookclub, messages: 60))
      try fault.cause(server)
      let installation = try Installation(root: server.root)
      let remedy = UploadsPresence.giveUp(installation)
      guard fault != .file else {
        #expect(remedy == nil)
        continue
      }
      let command = try #require(remedy?.split(separator: "empty file: ").last.map(String.init))
      #expect(command.hasPrefix("mkdir -p /") && command.contains("/files && touch /"), "\(fault): \(command)")
      // The others lead to folders of this machine.
      guard [.missing, .empty, .emptyFiles].contains(fault) else {
        #expect(command.contains("mkdir -p /mnt/none-such"), "\(fault): \(command)")
        continue
      }
      #expect(try Subprocess("/bin/sh", ["-ec", command]).run().status == 0)
      let connection = try server.connect()
      defer { connection.close() }
      #expect(try UploadsPresence.look(installation, connection) == .there, "\(fault)")
    }
  }

  @Test("Uploads that are not there are a blocker in every operation that uses them", arguments: Fault.allCases)
  func blockers(_ fault: Fault) throws {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.bookclub, messages: 60))
    try #require(try server.value("SELECT count(*) > 0 FROM zerver_attachment") == "t")
    try fault.cause(server)
    let path = "\(server.root)-archive.tar.gz"
    var operations: [(String, () throws -> [Finding])] = [
      ("export", { try ExportOperation(server.reference, .init(subdomain: "bookclub", output: path)).check() }),
      ("import", { try server.importing(Servers.archive()).check() }),
      ("backup", { try BackupOperation(server.reference, BackupOperation.Options(output: path)).check() }),
      ("delete", { try server.deleting("bookclub", .ofOrganization).check() }),
    ]
    let other = try Servers.fresh()
    let move = MoveDecisions(
      source: server.root, target: other.root, organization: "bookclub", archive: path, subdomain: "bookclub")
    operations.append(("move", { try MoveOperation(move).check() }))
    for (name, check) in operations {
      let finding = try finding(check())
      #expect(finding.severity == .blocker, "\(name): \(finding.reason)")
      #expect(finding.remedy?.contains("mount") == true, "\(name)")
    }
    let before = FileSystem.exists(server.uploads)
    #expect(throws: Blocked.self) { try server.importing(Servers.archive()).perform(.silent) }
    #expect(FileSystem.exists(server.uploads) == before, "a refused import makes no folder")
    #expect(throws: Blocked.self) {
      try VerifyOperation(VerifyOperation.Options(archive: Servers.archive()), server: server.installation)
        .perform(.silent)
    }
    // What does without the files remains possible.
    var partial = BackupOperation.Options(output: path)
    partial.skipsUploads = true
    #expect(try finding(BackupOperation(server.reference, partial).check()).severity == .warning)
    #expect(try finding(server.deleting("bookclub", .keep).check()).severity == .ok)
  }

  @Test("A server that never got a file needs no folder: an import creates it, with a warning")
  func notYet() throws {
    let server = try Servers.fresh()
    try FileSystem.removeTree(server.uploads)
    #expect(try finding(server.importing(Servers.archive()).check()).severity == .warning)
    let summary = try server.importing(Servers.archive()).perform(.silent)
    #expect(summary.warnings.contains { $0.contains("no folder \(server.uploads) yet") })
    let id = try #require(try server.value("SELECT id FROM zerver_realm WHERE string_id = 'harbour'"))
    #expect(FileSystem.isFolder("\(server.uploads)/files/\(id)"))
  }

  @Test("Files that are lost for good can be given up with an empty file")
  func givenUp() throws {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.bookclub, messages: 60))
    try Fault.emptyFiles.cause(server)
    try FileSystem.replace("\(server.uploads)/files/lost", with: "".utf8)
    let path = "\(server.root)-archive.tar.gz"
    let findings = try ExportOperation(server.reference, .init(subdomain: "bookclub", output: path)).check()
    #expect(try finding(findings).severity == .ok)
  }

  @Test("A restore needs no uploads folder, and refuses one that is a link to nothing")
  func restore() throws {
    let server = try Disaster.server("unmounted")
    try Disaster.folder { folder in
      let path = "\(folder)/backup.tar.gz"
      _ = try Disaster.backup(server, to: path)
      try FileSystem.removeTree(server.uploads)
      func blockers() throws -> [String] {
        try RestoreOperation(server.reference, RestoreOptions(archive: path)).check()
          .filter { $0.severity == .blocker }.map(\.subject)
      }
      #expect(try !blockers().contains("uploads"))
      try #require(symlink("/mnt/none-such/uploads", server.uploads) == 0)
      #expect(try blockers().contains("uploads"))
    }
  }
}
