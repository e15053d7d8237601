import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Operations

/// Disks that run full, as small file systems in memory.
@Suite("An import whose disk runs full", .serialized, .enabled(if: SmallDisk.canBeMade, "needs the right to mount"))
struct ImportDiskTests {
  private static let made = Result { try Sandbox.temporary() }

  @Test("Indexes keep their tablespace", arguments: [true, false])
  func tablespaces(_ isMoved: Bool) throws {
    let new = try Servers.fresh(in: Self.made.get())
    let superuser = try new.connectAsSuperuser()
    let name = "elsewhere_\(new.database)"
    try superuser.execute("SET allow_in_place_tablespaces = on")
    try superuser.execute("CREATE TABLESPACE \(name) OWNER aloha LOCATION ''")
    let index = try #require(
      try superuser.value(
        """
        SELECT indexrelid::regclass FROM pg_index
        WHERE indrelid = 'zerver_message'::regclass AND NOT indisunique ORDER BY 1 LIMIT 1
        """))
    if isMoved { try superuser.execute("ALTER INDEX \(index) SET TABLESPACE \(name)") }
    try superuser.execute("ALTER DATABASE \(new.database) SET default_tablespace = '\(name)'")
    func places() throws -> [String] {
      try new.column("SELECT relname || ' ' || reltablespace FROM pg_class WHERE relkind IN ('r', 'i') ORDER BY 1")
    }
    let before = try places()
    _ = try new.importing(Servers.archive()).perform(.silent)
    #expect(try places() == before)
  }

  private func expectTakenBack(
    _ server: SandboxServer, _ disk: SmallDisk, at moment: String, archive: String, family: FailureFamily
  ) throws {
    let before = try server.state()
    let progress = Progress { event in if event.isMoment(moment) { disk.fill() } }
    let failure = #expect(throws: (any Error).self) {
      _ = try server.importing(archive).perform(progress)
    }
    let told = try #require(failure as? any Failure)
    #expect(told.family == family, "\(told)")
    #expect(told.remedy?.contains("free some space") == true, "\(told) \(told.remedy ?? "")")
    disk.empty()
    try Wholeness.expectSame(before, server.state(), moment)
    #expect(try server.leftovers() == [], "\(moment)")
    _ = try server.importing(archive).perform(.silent)
    try Wholeness.expectWhole(server, "again after \(moment)")
  }

  @Test(
    "A full disk of the uploads rolls the import back, and a repeated import works", arguments: ["unpack", "files"])
  func uploads(_ moment: String) throws {
    let server = try Servers.fresh()
    let disk = try SmallDisk(at: server.uploads, megabytes: 120)
    defer { disk.remove() }
    for place in ["files", "avatars"] { try FileSystem.makeFolder("\(server.uploads)/\(place)", mode: 0o755) }
    try expectTakenBack(server, disk, at: moment, archive: Servers.archive(), family: .file)
  }

  @Test(
    "A full disk of the database rolls the import back, and a repeated import works",
    arguments: ["messages", "indexes"])
  func database(_ moment: String) throws {
    // A separate sandbox: other tests copy their cluster, which is not possible with tablespaces.
    let sandbox = try Self.made.get()
    let server = try Servers.fresh(in: sandbox)
    let folder = "/tmp/aloha-disk-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder(folder, mode: 0o755)
    let disk = try SmallDisk(at: folder, megabytes: 120)
    let connection = try sandbox.cluster.connect()
    let data = try #require(try connection.value("SHOW data_directory"))
    var status = stat()
    try #require(stat(data, &status) == 0)
    try FileSystem.makeFolder("\(folder)/space")
    chown("\(folder)/space", status.st_uid, status.st_gid)
    let name = Identifier.quote("small_\(server.database)")
    try connection.execute("CREATE TABLESPACE \(name) LOCATION '\(folder)/space'")
    try connection.execute("ALTER DATABASE \(Identifier.quote(server.database)) SET TABLESPACE \(name)")
    defer {
      try? server.awaitSilence()
      try? connection.execute("DROP DATABASE \(Identifier.quote(server.database))")
      try? connection.execute("DROP TABLESPACE \(name)")
      disk.remove()
      rmdir(folder)
    }
    try expectTakenBack(server, disk, at: moment, archive: Servers.archive(), family: .database)
  }
}

/// A file system of a few megabytes in memory.
struct SmallDisk: Sendable {
  let folder: String

  static let canBeMade: Bool = {
    guard geteuid() == 0 else { return false }
    let folder = "/tmp/aloha-disk-\(RandomText.alphanumeric(8))"
    guard mkdir(folder, 0o700) == 0 else { return false }
    defer { rmdir(folder) }
    guard let disk = try? SmallDisk(at: folder, megabytes: 1) else { return false }
    disk.remove()
    return true
  }()

  init(at folder: String, megabytes: Int) throws {
    self.folder = folder
    try Subprocess("/bin/mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=755", "aloha-test", folder])
      .runChecked()
  }

  /// Fills the file system to the last byte.
  func fill() {
    let file = open("\(folder)/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { return }
    defer { close(file) }
    for size in [1 << 20, 4096] {
      let block = [UInt8](repeating: 1, count: size)
      while write(file, block, size) > 0 {}
    }
  }

  func empty() { unlink("\(folder)/filler") }

  func remove() {
    // -l: a normal unmount fails while any process uses the folder.
    _ = try? Subprocess("/bin/umount", ["-l", folder]).run()
  }
}
