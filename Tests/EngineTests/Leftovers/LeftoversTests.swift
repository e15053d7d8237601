import Archive
import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Administration
@testable import Engine
@testable import Server
@testable import Transfer
@testable import WholeServer

/// Leftovers of interrupted commands are deleted by the next command that changes something, and reported by all
/// others.
@Suite("Leftovers of interrupted commands", .serialized)
struct LeftoversTests {
  private func program(_ server: SandboxServer, _ words: [String]) throws -> Subprocess.Result {
    try Subprocess(try #require(Disaster.program), words + ["--root", server.root], directory: "/").run()
  }

  /// Returns the leftovers below the server's root. The machine's work folders are ignored, because other tests use
  /// them.
  private func reported(_ server: SandboxServer) -> [Leftover] {
    Leftovers.report(root: server.root).filter { $0.subject.hasPrefix(server.root) }
  }

  private func remove(_ server: SandboxServer) throws {
    Leftovers.remove(.init(try server.installation), progress: .silent)
  }

  private func age(_ path: String) {
    var times = [timespec(tv_sec: time(nil) - 3600, tv_nsec: 0), timespec(tv_sec: time(nil) - 3600, tv_nsec: 0)]
    #expect(utimensat(AT_FDCWD, path, &times, AT_SYMLINK_NOFOLLOW) == 0, "\(path)")
  }

  @Test(
    "An import that is killed before or after its commit: other commands report what it left, and the next job removes it",
    arguments: ["messages advanced", "commit ended"])
  func killedImport(_ moment: String) throws {
    let server = try Servers.fresh()
    let outcome = try ImportProcess(root: server.root, archive: try Servers.archive()).run { $0.isMoment(moment) }
    guard outcome.wasKilled else { return }
    try server.awaitSilence()
    let hasCome = try server.value("SELECT 1 FROM zerver_realm WHERE string_id = 'harbour'") != nil
    let left = try server.leftovers()
    #expect(left.contains { $0.hasPrefix(".aloha-wizard-import-") })
    for words in [
      ["organization", "list"], ["server", "queues"], ["jobs", "list"], ["cache", "flush", "--dry-run"],
    ] {
      let result = try program(server, words)
      #expect(
        result.output.contains("Leftover: unpacked archive of an interrupted import"), "\(words): \(result.output)")
      #expect(result.output.contains("server clean"), "\(words)")
    }
    #expect(try server.leftovers() == left, "reports change nothing")
    let result = try program(server, ["cache", "flush", "--json"])
    #expect(result.status == 0 && result.output.contains("Removed: unpacked archive"), "\(result.output)")
    #expect(try server.leftovers() == [])
    #expect(!reported(server).contains { $0.remedy == nil })
    let files = try FileSystem.names(in: "\(server.uploads)/files")
    #expect(files.isEmpty != hasCome, "files of an organization that has come stay")
  }

  @Test("Files in use by a process are neither reported nor deleted")
  func living() throws {
    let server = try Servers.fresh()
    let folder = try WorkFolder.make(try server.installation)
    let placed = try StagedUploads(try server.installation, organization: 4711)
    try placed.add(.messageFiles, "a/b", [1, 2, 3])
    #expect(reported(server).isEmpty)
    try remove(server)
    #expect(FileSystem.exists("\(folder.path)/lock") && FileSystem.exists("\(server.uploads)/files/4711/a/b"))
    folder.abandon()
    placed.leaveOpen()
    #expect(reported(server).count == 3)
    try remove(server)
    #expect(!FileSystem.exists(folder.path) && !FileSystem.exists("\(server.uploads)/files/4711"))
    #expect(reported(server).isEmpty)
  }

  @Test("A deletion killed after its commit is completed by the next job")
  func killedDeletion() throws {
    let server = try Servers.fresh()
    try FileSystem.makeFolder("\(server.uploads)/files/4711/a")
    try FileSystem.replace("\(server.uploads)/files/4711/a/b", with: [1])
    var journal: DeletionJournal? = try DeletionJournal(
      .init(organization: 4711, subdomain: "gone", name: "Gone", reach: .organization), in: server.uploads)
    #expect(Leftovers.report(root: server.root).allSatisfy { !$0.what.contains("deletion") })
    _ = journal
    journal = nil
    #expect(Leftovers.report(root: server.root).contains { $0.what.contains("deletion") && $0.subject == "Gone" })
    #expect(FileSystem.exists("\(server.uploads)/files/4711/a/b"))
    try remove(server)
    #expect(!FileSystem.exists("\(server.uploads)/files/4711"))
    #expect(try FileSystem.names(in: server.uploads).filter { $0.hasPrefix(".") } == [])
  }

  @Test("An unfinished archive is deleted unless it is in use or foreign")
  func partialArchives() throws {
    let server = try Servers.fresh()
    let folder = "\(server.root)/exports"
    try FileSystem.makeFolder(folder)
    _ = try JobStore(root: server.root).make(
      ExportOperation(.init(root: server.root), .init(subdomain: "harbour", output: "\(folder)/x.tar.gz")), plan: nil)
    func make(_ name: String, isOld: Bool = true) throws -> String {
      try FileSystem.replace("\(folder)/\(name)", with: "x".utf8)
      if isOld { age("\(folder)/\(name)") }
      return "\(folder)/\(name)"
    }
    let dead = [try make("x.tar.gz.Ab3dEf7h.partial"), try make("y.tar.gz.age.Ab3dEf7h.partial")]
    let fresh = try make("z.tar.gz.Ab3dEf7h.partial", isOld: false)
    let others = [try make("x.tar.gz"), try make("x.tar.gz.partial"), try make("x.zip.Ab3dEf7h.partial"), fresh]
    let written = try make("w.tar.gz.Ab3dEf7h.partial")
    let lock = try FileLock(written)
    let link = "\(folder)/l.tar.gz.Ab3dEf7h.partial"
    #expect(symlink("\(folder)/x.tar.gz", link) == 0)
    age(link)
    var kept = others + [written]
    if geteuid() == 0 {
      let foreign = try make("f.tar.gz.Ab3dEf7h.partial")
      #expect(chown(foreign, 4711, 4711) == 0)
      kept.append(foreign)
    }
    #expect(reported(server).map(\.subject) == dead.sorted())
    try remove(server)
    for path in dead { #expect(!FileSystem.exists(path), "\(path)") }
    for path in kept + [link] { #expect(FileSystem.lexists(path), "\(path)") }
    withExtendedLifetime(lock) {}
  }

  @Test("Unfinished copies of secrets are deleted, and other configuration files are kept")
  func temporaryFiles() throws {
    let server = try Servers.fresh()
    let folder = "\(server.root)/etc/aloha"
    let before = try FileSystem.names(in: folder)
    for name in ["aloha-secrets.conf.Ab3dEf7h.tmp", "settings.py.tmp", "notes.tmp"] {
      try FileSystem.replace("\(folder)/\(name)", with: "x".utf8)
      age("\(folder)/\(name)")
    }
    #expect(reported(server).map(\.subject) == ["\(folder)/aloha-secrets.conf.Ab3dEf7h.tmp"])
    try remove(server)
    #expect(try FileSystem.names(in: folder) == (before + ["notes.tmp", "settings.py.tmp"]).sorted())
  }

  @Test("An interrupted restore, and what a restore without a record has left, are reported and never removed")
  func restores() throws {
    let server = try Servers.fresh()
    let state = RestoreState(root: server.root)
    var record = RestoreRecord(
      id: "20261123-083000", source: "backup.tar.gz", database: nil, places: [], administrator: .init())
    record.stage = .swapping
    try state.save(record)
    let folder = "\(server.uploads).restore-20261101-080000"
    try FileSystem.makeFolder("\(folder)/files")
    let database = "\(server.database)_restore_20261101_080000"
    try server.connectAsSuperuser().execute("CREATE DATABASE \(Identifier.quote(database))")
    defer { try? server.connectAsSuperuser().execute("DROP DATABASE \(Identifier.quote(database))") }
    var lock: FileLock? = try state.lock()
    #expect(Leftovers.report(root: server.root).allSatisfy { !$0.what.contains("restore") }, "it is running")
    _ = lock
    lock = nil
    let found = Leftovers.report(root: server.root).filter { $0.what.contains("restore") }
    #expect(found.contains { $0.what == "interrupted restore" && $0.remedy?.contains("restore --resume") == true })
    #expect(found.contains { $0.subject == folder && $0.remedy != nil })
    #expect(found.contains { $0.subject == database && $0.remedy?.contains("dropdb") == true })
    try remove(server)
    #expect(FileSystem.exists("\(folder)/files"))
    #expect(try server.value("SELECT 1 FROM pg_database WHERE datname = '\(database)'") == "1")
    record.stage = .finished
    try state.save(record)
    #expect(!Leftovers.report(root: server.root).contains { $0.what == "interrupted restore" }, "it is kept on purpose")
  }

  @Test(
    "The folder that a restore makes to test an exchange is removed, wherever the restore was killed",
    arguments: [[], ["full"], ["full.Ab3dEf7h.tmp"], ["full", "full.Ab3dEf7h.tmp"]])
  func probes(_ names: [String]) throws {
    let server = try Servers.fresh()
    let probe = "\(server.uploads).restore-20261101-080000-probe"
    try FileSystem.makeFolder(probe)
    for name in names { try FileSystem.replace("\(probe)/\(name)", with: []) }
    #expect(reported(server).contains { $0.subject == probe && $0.remedy == nil })
    try remove(server)
    #expect(!FileSystem.exists(probe))
    // A file of somebody else stays.
    try FileSystem.makeFolder(probe)
    try FileSystem.replace("\(probe)/notes", with: [1])
    try remove(server)
    #expect(FileSystem.exists("\(probe)/notes"))
  }

  @Test("A work folder is deleted with its throw-away PostgreSQL after the supervisor was killed")
  func throwawayCluster() throws {
    let place = try Servers.folder() + "/clusters-\(RandomText.alphanumeric(6))"
    try FileSystem.makeFolder(place, mode: 0o755)
    let user = try ThrowawayCluster.user()
    var room: ScratchFolder? = try ScratchFolder(in: place, for: user)
    let path = try #require(room?.path)
    var owner: OpenFolder.Owner?
    if let user, let entry = getpwnam(user) {
      owner = OpenFolder.Owner(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
    }
    _ = try OpenFolder(path).make("cluster", owner: owner)
    let tools = try PostgresTools.find(major: 0, having: ThrowawayCluster.programs)
    let cluster = try ThrowawayCluster(tools: tools, folder: "\(path)/cluster", user: user)
    let line = try text("\(path)/cluster/data/postmaster.pid").split(separator: "\n").first
    let postmaster = try #require(line.flatMap { pid_t($0) })
    let supervisor = try #require(
      try FileSystem.names(in: "/proc").compactMap { pid_t($0) }.first {
        ((try? text("/proc/\($0)/cmdline")) ?? "").contains("supervise\0\(path)/cluster/data")
      })
    kill(supervisor, SIGKILL)
    // The folder is in use while its lock is held.
    ScratchFolder.removeLeftOvers(in: [place])
    #expect(kill(postmaster, 0) == 0)
    let abandoned = try OpenFolder(path)
    #expect(ScratchFolder.abandoned(in: try OpenFolder(place)).isEmpty)
    ThrowawayCluster.endAbandoned(in: abandoned)
    #expect(kill(postmaster, 0) != 0 || !FileSystem.exists("/proc/\(postmaster)/cwd/PG_VERSION"))
    room = nil
    #expect(!FileSystem.exists(path))
    cluster.end()
  }
}
