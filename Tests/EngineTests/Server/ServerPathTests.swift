import Archive
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

/// A server whose folders are links, or whose root is named through one.
@Suite("Paths of a server")
struct ServerPathTests {
  enum Arrangement: String, CaseIterable, CustomTestStringConvertible {
    case linkToRoot, parentIsLink, upAndDown, slashes
    case absoluteHome, relativeHome, absoluteSettings, absoluteUploads, uploadsElsewhere, settingsNameLink

    var testDescription: String { rawValue }

    /// Arranges the folders of a server, and returns its root as an operator types it.
    func arrange(_ server: SandboxServer) throws -> String {
      let root = server.root
      let top = FileSystem.folder(of: root)
      let name = FileSystem.name(of: root)
      func move(_ path: String, to target: String, link: String) throws {
        try FileSystem.makeFolder(FileSystem.folder(of: target), mode: 0o755)
        try #require(rename(root + path, target) == 0)
        try #require(symlink(link, root + path) == 0)
      }
      switch self {
      case .linkToRoot:
        try #require(symlink(root, "\(top)/\(name)-link") == 0)
        return "\(top)/\(name)-link"
      case .parentIsLink:
        try #require(symlink(".", "\(top)/\(name)-here") == 0)
        return "\(top)/\(name)-here/\(name)"
      case .upAndDown: return "\(root)/etc/../../\(name)"
      case .slashes: return "/\(top)//./\(name)/"
      // As in a copy of a machine's file system: the target is below the root.
      case .absoluteHome: try move("/home/aloha", to: "\(root)/srv/chat", link: "/srv/chat")
      case .relativeHome: try move("/home/aloha", to: "\(root)/srv/chat", link: "../srv/chat")
      case .absoluteSettings: try move("/etc/aloha", to: "\(root)/srv/settings", link: "/srv/settings")
      case .absoluteUploads: try move("/home/aloha/uploads", to: "\(root)/srv/files", link: "/srv/files")
      case .uploadsElsewhere:
        try move("/home/aloha/uploads", to: "\(top)/\(name)-disk", link: "\(top)/\(name)-disk")
      case .settingsNameLink:
        try #require(symlink(name, "\(top)/\(name)-alias") == 0)
        let settings = "\(server.configuration)/settings.py"
        let new = try text(settings).replacing(server.uploads, with: "\(top)/\(name)-alias//home/./aloha/uploads/")
        try FileSystem.replace(settings, with: new.utf8, mode: 0o644)
      }
      return root
    }
  }

  private static func files(_ folder: String) throws -> [String] {
    try FileSystem.names(in: folder).sorted().flatMap { name -> [String] in
      FileSystem.isFolder("\(folder)/\(name)") ? try files("\(folder)/\(name)").map { "\(name)/\($0)" } : [name]
    }
  }

  @Test("Export, import, deletion with uploads, backup and jobs find the same folders", arguments: Arrangement.allCases)
  func operations(_ arrangement: Arrangement) throws {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.bookclub, messages: 20))
    let uploads = try Self.files(server.uploads)
    try #require(!uploads.isEmpty)
    let reference = ServerReference(root: try arrangement.arrange(server))
    let installation = try reference.installation()
    #expect(reference.root == server.root)
    #expect(installation.root == server.root)
    #expect(installation.uploadsFolder == FileSystem.resolved(installation.uploadsFolder))
    #expect(try Self.files(installation.uploadsFolder) == uploads)
    #expect(FileSystem.exists("\(installation.configurationFolder)/settings.py"))
    #expect(FileSystem.exists("\(installation.deploymentFolder)/manage.py"))
    #expect(JobStore(root: reference.root).folder == JobStore(root: server.root).folder)

    let folder = try Servers.folder()
    let archive = "\(folder)/\(server.name).tar.gz"
    let exported = try ExportOperation(reference, .init(subdomain: "bookclub", output: archive)).perform(.silent)
    // That the organization is active, and nothing about files.
    #expect(exported.warnings.count == 1, "\(exported.warnings)")

    let backup = "\(folder)/\(server.name)-backup.tar.gz"
    _ = try BackupOperation(reference, BackupOperation.Options(output: backup)).perform(.silent)
    let manifest = try #require(try Inspection.of(backup).manifest)
    #expect(manifest.skipped.isEmpty)
    #expect(manifest.members.count { $0.name.hasPrefix("uploads/") } == uploads.count)
    #expect(manifest.members.contains { $0.name == "settings/settings.py" })

    var deletion = DeleteOrganizationOperation.Options(subdomain: "bookclub")
    deletion.uploads = .ofOrganization
    deletion.confirmation = "bookclub"
    deletion.despiteSignsOfLife = true
    _ = try DeleteOrganizationOperation(reference, deletion).perform(.silent)
    #expect(try Self.files(installation.uploadsFolder).isEmpty)

    var options = ImportOperation.Options(subdomain: "bookclub", archive: archive)
    options.ignoresVersions = true
    _ = try ImportOperation(reference, options).perform(.silent)
    let id = try #require(try server.value("SELECT id FROM zerver_realm WHERE string_id = 'bookclub'"))
    #expect(try !Self.files("\(installation.messageFilesFolder)/\(id)").isEmpty)
    // Other tests leave work folders in /tmp meanwhile.
    #expect(!Leftovers.report(root: reference.root).contains { $0.subject.hasPrefix(server.root) })
  }

  @Test("Two operators cannot run two jobs on one server through two paths")
  func locks() throws {
    let server = try Servers.fresh()
    let link = try Arrangement.linkToRoot.arrange(server)
    let lock = try JobStore(root: server.root).claim()
    defer { withExtendedLifetime(lock) {} }
    #expect(throws: PlainFailure.self) {
      try JobStore.refuseWhereBusy(DeactivateOperation(ServerReference(root: link), subdomain: "harbour"))
    }
  }

  @Test("An operation that names one server twice locks it once")
  func locksOnce() throws {
    let server = try Servers.fresh()
    let link = try Arrangement.linkToRoot.arrange(server)
    let twice = UndoJobOperation(
      servers: [server.reference, ServerReference(root: link)], folder: "/none", despiteSignsOfLife: false)
    #expect(try JobStore.claim(twice).count == 1)
  }

  @Test("The path of a job from before is resolved when the job is read")
  func decoding() throws {
    let server = try Servers.fresh()
    let link = try Arrangement.linkToRoot.arrange(server)
    let old = #"{"root":"\#(link)/."}"#
    #expect(try JSONDecoding.reference(old) == server.reference)
  }

  @Test("A settings copy from the server itself is refused, through a link and for its own settings folder")
  func settingsOfItself() throws {
    let server = try Servers.fresh()
    let link = try Arrangement.linkToRoot.arrange(server)
    for source in [server.root, link, "\(server.root)/etc/..", server.configuration, "\(link)/etc/aloha/"] {
      let copy = CopySettingsOperation(
        from: source, to: server.reference, .init(facts: MigrationFacts(kind: .restore)))
      let blockers = try copy.check().filter { $0.severity == .blocker }
      #expect(blockers.map(\.subject) == ["old server"], "\(source)")
      #expect(throws: Blocked.self) { try copy.perform(.silent) }
    }
    let other = try Servers.fresh()
    let copy = CopySettingsOperation(
      from: other.root, to: server.reference, .init(facts: MigrationFacts(kind: .import)))
    #expect(try !copy.check().contains { $0.subject == "old server" || $0.subject == "database" })
  }
}
