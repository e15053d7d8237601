import Common
import Foundation
import Glibc
import Sandbox
import Testing

@testable import Engine
@testable import Operations
@testable import Server
@testable import Transfer

/// A read-only standby of the tests' cluster, and a server's root that uses it.
private final class Standby {
  let root: String
  private let directory: String
  private let user = geteuid() == 0 ? "postgres" : nil
  private let control: String

  init(of server: SandboxServer) throws {
    let bin = try #require(
      FileSystem.names(in: "/usr/lib/postgresql").compactMap { Int($0) }.max().map { "/usr/lib/postgresql/\($0)/bin" })
    directory = "/tmp/aloha-standby-\(RandomText.alphanumeric(8))"
    root = "\(directory)/root"
    control = "\(bin)/pg_ctl"
    try FileSystem.makeFolder("\(directory)/socket", mode: 0o755)
    try FileSystem.makeFolder("\(directory)/data")
    if let user { try Subprocess("/bin/chown", ["-R", user, directory]).runChecked() }
    let host = try #require(server.parameters.host)
    try Subprocess(
      "\(bin)/pg_basebackup",
      ["-h", host, "-U", "postgres", "-D", "\(directory)/data", "-R", "-X", "stream", "-c", "fast", "--no-sync"],
      directory: "/", user: user
    ).runChecked()
    try Subprocess(
      control,
      ["-D", "\(directory)/data", "-l", "\(directory)/data/log", "-o", "-k \(directory)/socket", "-w", "start"],
      directory: "/", user: user
    ).runChecked()
    try Subprocess("/bin/cp", ["-a", server.root, root]).runChecked()
    let settings = try Installation(root: server.root).root + "/etc/aloha/settings.py"
    let text = String(decoding: try FileSystem.read(settings), as: UTF8.self)
      .replacingOccurrences(of: server.root, with: root)
      .replacingOccurrences(of: host, with: "\(directory)/socket")
    try FileSystem.replace("\(root)/etc/aloha/settings.py", with: text.utf8, mode: 0o644)
  }

  deinit {
    _ = try? Subprocess(control, ["-D", "\(directory)/data", "-m", "immediate", "stop"], directory: "/", user: user)
      .run()
    try? FileSystem.removeTree(directory)
  }
}

@Suite("Export from a read-only standby")
struct StandbyTests {
  @Test("An export from a standby is complete, and reports the missing audit log entry")
  func standby() throws {
    let server = try SandboxServer.small()
    let primary = try Exported(server, "harbour")
    let standby = try Standby(of: server)
    let path = try Servers.folder() + "/standby-\(RandomText.alphanumeric(8)).tar.gz"
    let notes = Notes()
    let progress = Progress { event in if case .note(let text) = event { notes.add(text) } }
    var options = ExportOperation.Options(subdomain: "harbour", output: path)
    _ = try ExportOperation(ServerReference(root: standby.root), options).perform(progress)

    let summary = try ArchiveSummary.of(path)
    var expected = primary.manifest.tables
    // The primary's own export has added its entry since.
    expected["zerver_realmauditlog", default: 0] += 1
    #expect(summary.tables == expected)
    #expect(notes.all.contains { $0.contains("read-only standby") })
    #expect(progress.warnings.contains { $0.contains("read-only standby") })

    options.output = path + ".2"
    options.deactivates = true
    #expect(throws: Blocked.self) {
      _ = try ExportOperation(ServerReference(root: standby.root), options).perform(.silent)
    }
  }

  private final class Notes: Sendable {
    private let monitor = Monitor<[String]>([])
    func add(_ text: String) { monitor.now { $0.append(text) } }
    var all: [String] { monitor.now { $0 } }
  }
}
