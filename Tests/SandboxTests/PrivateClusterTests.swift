import Common
import Glibc
import Postgres
import Testing

@testable import Sandbox

@Suite("A private PostgreSQL", .serialized)
struct PrivateClusterTests {
  private func postmaster(_ folder: String) throws -> pid_t {
    let line = try text("\(folder)/data/postmaster.pid").split(separator: "\n").first
    return try #require(line.flatMap { pid_t($0) })
  }

  @Test("A private PostgreSQL listens only on its socket, and has ended when stop() returns")
  func lifetime() throws {
    try withFolder { folder in
      let cluster = try PrivateCluster(folder: folder)
      let addresses = try cluster.connect().value("SHOW listen_addresses")
      #expect(addresses == "")
      let process = try postmaster(folder)
      cluster.stop()
      #expect(eventually { !ProcessState.isAlive(process) })
      #expect(!FileSystem.exists(cluster.socketFolder))
    }
  }

  @Test("A private PostgreSQL keeps its data for a second start")
  func secondStart() throws {
    try withFolder { folder in
      let first = try PrivateCluster(folder: folder)
      try first.connect().execute("CREATE TABLE kept AS SELECT 7 AS number")
      first.stop()
      let second = try PrivateCluster(folder: folder)
      #expect(try second.connect().value("SELECT number FROM kept") == "7")
    }
  }

  @Test("A private PostgreSQL restarts after its postmaster was killed")
  func crash() throws {
    try withFolder { folder in
      let first = try PrivateCluster(folder: folder)
      try first.connect().execute("CREATE TABLE kept AS SELECT 7 AS number")
      kill(try postmaster(folder), SIGKILL)
      first.stop()
      #expect(FileSystem.exists("\(folder)/data/postmaster.pid"))
      let second = try PrivateCluster(folder: folder)
      #expect(try second.connect().value("SELECT number FROM kept") == "7")
    }
  }

  @Test("A private PostgreSQL starts with an empty folder on request")
  func fresh() throws {
    try withFolder { folder in
      let first = try PrivateCluster(folder: folder)
      try first.connect().execute("CREATE TABLE kept AS SELECT 7 AS number")
      first.stop()
      var options = PrivateCluster.Options()
      options.startsFresh = true
      let second = try PrivateCluster(folder: folder, options: options)
      #expect(try second.connect().value("SELECT to_regclass('kept')") == nil)
    }
  }

  @Test("A folder in use by another PostgreSQL is refused")
  func inUse() throws {
    try withFolder { folder in
      let first = try PrivateCluster(folder: folder)
      let failure = #expect(throws: PlainFailure.self) { try PrivateCluster(folder: folder) }
      #expect(failure?.family == .conflict)
      #expect(try first.connect().value("SELECT 1") == "1")
    }
  }

  @Test("A folder with a path too long for a socket is supported")
  func longPath() throws {
    try withFolder { folder in
      let deep = folder + "/" + String(repeating: "long/", count: 30) + "end"
      try FileSystem.makeFolder(deep, mode: 0o711)
      let cluster = try PrivateCluster(folder: deep)
      #expect(try cluster.connect().value("SELECT 1") == "1")
      cluster.stop()
      #expect(!FileSystem.exists(cluster.socketFolder))
    }
  }

  @Test("A private folder is supported, also root's")
  func closedFolder() throws {
    try withFolder { folder in
      let closed = "\(folder)/closed"
      try FileSystem.makeFolder(closed, mode: 0o700)
      let cluster = try PrivateCluster(folder: "\(closed)/cluster")
      #expect(try cluster.connect().value("SELECT 1") == "1")
    }
  }

  @Test("A private PostgreSQL ends with its folder when its owner is killed")
  func killedOwner() async throws {
    let note = "/tmp/aloha-killed-\(getpid())"
    await #expect(processExitsWith: .signal(SIGKILL)) {
      let sandbox = try Sandbox.temporary(servers: ["doomed"])
      let server = try #require(sandbox.servers.first)
      try server.run("scripts/start-server")
      let postmaster = try text("\(sandbox.directory)/cluster/data/postmaster.pid").split(separator: "\n")[0]
      let process = try text("\(server.root)/var/run/aloha/server.pid")
      // A file is the only way to pass values to the parent, which knows its name.
      try FileSystem.replace(
        "/tmp/aloha-killed-\(getppid())", with: "\(sandbox.directory)\n\(postmaster)\n\(process)".utf8)
      kill(getpid(), SIGKILL)
    }
    let told = try text(note).split(separator: "\n").map(String.init)
    try FileSystem.removeTree(note)
    let processes = try told[1...2].map { try #require(pid_t($0)) }
    #expect(eventually { !processes.contains(where: ProcessState.isAlive) })
    #expect(eventually { !FileSystem.exists(told[0]) })
  }

  @Test("A missing PostgreSQL is reported with its package")
  func missing() throws {
    try withFolder { folder in
      let failure = #expect(throws: PlainFailure.self) { try PostgresPrograms.find(versions: folder, path: [folder]) }
      #expect(failure?.family == .configuration)
      #expect(failure?.remedy?.contains("apt-get install postgresql") == true)
    }
  }

  @Test("The newest PostgreSQL is chosen by its version number")
  func newest() throws {
    try withFolder { folder in
      for version in ["9", "15", "16"] {
        for program in version == "16" ? ["initdb"] : ["initdb", "pg_ctl", "postgres"] {
          try SampleFile.write("".utf8, to: "\(folder)/\(version)/bin/\(program)", mode: 0o755)
        }
      }
      #expect(try PostgresPrograms.find(versions: folder, path: []).control == "\(folder)/15/bin/pg_ctl")
    }
  }
}
