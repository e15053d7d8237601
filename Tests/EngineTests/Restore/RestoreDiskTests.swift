import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Operations
@testable import Server
@testable import WholeServer

/// Disks that run full during a restore, as small file systems in memory.
@Suite("A restore whose disk runs full", .serialized, .enabled(if: SmallDisk.canBeMade, "needs the right to mount"))
struct RestoreDiskTests {
  private static let made = Result { try Sandbox.temporary() }

  private func expectTakenBack(
    _ server: SandboxServer, _ options: RestoreOptions, _ disk: SmallDisk, at phase: String, names place: String
  ) throws {
    let before = try Disaster.fingerprint(server)
    let progress = Progress { event in
      if event.isMoment(phase) { disk.fill() }
    }
    let failure = #expect(throws: (any Error).self, "\(phase)") {
      try RestoreOperation(ServerReference(root: server.root), options).perform(progress)
    }
    let told = try #require(failure as? any Failure)
    let text = "\(told.subject): \(told.reason). \(told.remedy ?? "")"
    #expect(text.contains("is full") || text.contains("No space left on device"), "\(phase): \(text)")
    #expect(text.contains(place), "\(phase): \(text)")
    #expect(told.remedy?.contains("free some space") == true, "\(phase): \(text)")
    disk.empty()
    try Disaster.expect(server, before, phase)
    #expect(try Disaster.leftOvers(server) == [], "\(phase)")
    #expect(try FileSystem.names(in: disk.folder).filter { $0.hasPrefix(ScratchFolder.prefix) } == [], "\(phase)")
    // With enough space the restore succeeds.
    _ = try RestoreOperation(ServerReference(root: server.root), options).perform(.silent)
    _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
  }

  @Test("A throw-away PostgreSQL on a full disk names the folder of that disk, and what to do")
  func rehearsal() throws {
    try Disaster.folder { folder in
      chmod(folder, 0o755)
      try FileSystem.makeFolder("\(folder)/work", mode: 0o755)
      let disk = try SmallDisk(at: "\(folder)/work", megabytes: 12)
      defer { disk.remove() }
      chmod(disk.folder, 0o777)
      let tools = try PostgresTools.find(major: 15, having: ThrowawayCluster.programs)
      let failure = #expect(throws: PlainFailure.self) {
        try FullDisk.naming(work: disk.folder) {
          _ = try ThrowawayCluster(tools: tools, folder: "\(disk.folder)/cluster", user: ThrowawayCluster.user())
        }
      }
      #expect(failure?.reason.hasPrefix("the disk of \(disk.folder) is full") == true, "\(String(describing: failure))")
      #expect(failure?.remedy?.contains("--work-folder") == true)
    }
  }

  @Test("A full disk of the work folder leaves the server unchanged and is named")
  func workFolder() throws {
    let server = try Disaster.server("full-work", messages: 20)
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      try FileSystem.makeFolder("\(folder)/work", mode: 0o755)
      let disk = try SmallDisk(at: "\(folder)/work", megabytes: 80)
      defer { disk.remove() }
      chmod(disk.folder, 0o755)
      var options = RestoreOptions(archive: "\(folder)/backup.tar.gz")
      options.workFolder = disk.folder
      try expectTakenBack(server, options, disk, at: "unpack", names: disk.folder)

      // A dump of gzipped SQL is unpacked in the work folder.
      let tools = try PostgresTools.find(major: 15)
      try Subprocess(
        tools.path("pg_dump"),
        ["-f", "\(folder)/dump.sql", "-h", server.parameters.host ?? "", "-U", "aloha", server.database]
      ).runChecked()
      try Subprocess("/bin/gzip", ["\(folder)/dump.sql"]).runChecked()
      options.source = .manual(ManualBackup(database: "\(folder)/dump.sql.gz"))
      try expectTakenBack(server, options, disk, at: "unpack", names: disk.folder)
    }
    try server.run("scripts/stop-server")
  }

  @Test("A full disk of the uploads leaves the server unchanged and is named")
  func uploads() throws {
    let server = try Disaster.server("full-uploads", messages: 20)
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      #expect(rename(server.uploads, "\(folder)/uploads") == 0)
      try FileSystem.makeFolder(server.uploads, mode: 0o755)
      let disk = try SmallDisk(at: server.uploads, megabytes: 120)
      defer { disk.remove() }
      try Subprocess("/bin/cp", ["-a", "\(folder)/uploads/.", server.uploads]).runChecked()
      try expectTakenBack(
        server, RestoreOptions(archive: "\(folder)/backup.tar.gz"), disk, at: "unpack", names: server.uploads)
    }
    try server.run("scripts/stop-server")
  }

  @Test("A full disk of the database leaves the server unchanged and is named", arguments: ["d", "p"])
  func database(form: String) throws {
    // A separate sandbox: other tests copy their cluster, which is not possible with tablespaces.
    let sandbox = try Self.made.get()
    let server = try sandbox.makeServer("full-database-\(form)")
    try server.add(SampleOrganization(messages: 20))
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      try FileSystem.makeFolder("\(folder)/disk", mode: 0o755)
      let disk = try SmallDisk(at: "\(folder)/disk", megabytes: 200)
      let connection = try sandbox.cluster.connect()
      let data = try #require(try connection.value("SHOW data_directory"))
      var status = stat()
      try #require(stat(data, &status) == 0)
      try FileSystem.makeFolder("\(disk.folder)/space")
      chown("\(disk.folder)/space", status.st_uid, status.st_gid)
      let name = Identifier.quote("small_\(server.database)")
      try connection.execute("CREATE TABLESPACE \(name) LOCATION '\(disk.folder)/space'")
      try connection.execute("ALTER DATABASE \(Identifier.quote(server.database)) SET TABLESPACE \(name)")
      defer {
        try? connection.execute("DROP DATABASE \(Identifier.quote(server.database)) WITH (FORCE)")
        try? connection.execute("DROP TABLESPACE \(name)")
        disk.remove()
      }
      var options = RestoreOptions(archive: "\(folder)/backup.tar.gz")
      if form == "p" {
        let tools = try PostgresTools.find(major: 15)
        try Subprocess(
          tools.path("pg_dump"),
          ["-f", "\(folder)/dump.sql", "-h", server.parameters.host ?? "", "-U", "aloha", server.database]
        ).runChecked()
        options = RestoreOptions(.manual(ManualBackup(database: "\(folder)/dump.sql")))
      }
      for moment in form == "d" ? ["database", "database advanced"] : ["database"] {
        try expectTakenBack(server, options, disk, at: moment, names: "\(disk.folder)/space")
      }
      // The restored database is on the same disk.
      #expect(
        try connection.value(
          "SELECT spcname FROM pg_database d JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname = $1",
          [server.database]) == "small_\(server.database)")
    }
  }
}
