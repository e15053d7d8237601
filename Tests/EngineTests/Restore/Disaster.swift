import Archive
import Common
import Foundation
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Operations
@testable import Server
@testable import WholeServer

/// Creates, destroys and compares servers for tests of backups and restores.
enum Disaster {
  private static let made = Result { try Sandbox.temporary() }

  static func sandbox() throws -> Sandbox { try made.get() }

  /// Creates a server with an organization in the shared sandbox.
  static func server(_ name: String, messages: Int = 40) throws -> SandboxServer {
    let server = try sandbox().makeServer(name)
    if messages > 0 { try server.add(SampleOrganization(messages: messages)) }
    return server
  }

  static func backup(
    _ server: SandboxServer, to path: String, _ change: (inout BackupOperation.Options) -> Void = { _ in }
  ) throws -> Summary {
    var options = BackupOperation.Options(output: path)
    change(&options)
    return try BackupOperation(ServerReference(root: server.root), options).perform(.silent)
  }

  @discardableResult
  static func restore(
    _ server: SandboxServer, from path: String, _ change: (inout RestoreOptions) -> Void = { _ in }
  ) throws -> Summary {
    var options = RestoreOptions(archive: path)
    change(&options)
    return try RestoreOperation(ServerReference(root: server.root), options).perform(.silent)
  }

  /// The state of a server: digests of the rows of every table, files, settings. Servers in the same state have equal
  /// fingerprints.
  struct Fingerprint: Equatable, CustomStringConvertible {
    var tables: [String: String] = [:]
    var uploads: [String] = []
    var settings: [String] = []

    var description: String { "\(tables.count) tables, \(uploads.count) uploads, \(settings.count) settings" }

    /// Returns readable differences.
    func differences(_ other: Fingerprint) -> [String] {
      let rows = Set(tables.keys).union(other.tables.keys).filter { tables[$0] != other.tables[$0] }.sorted()
      let files = Set(uploads).symmetricDifference(other.uploads).sorted()
      return rows + files.prefix(5) + Set(settings).symmetricDifference(other.settings).sorted().prefix(5)
    }
  }

  static func fingerprint(_ server: SandboxServer) throws -> Fingerprint {
    var print = Fingerprint()
    print.tables = try rows(server, server.database)
    print.uploads = try files(server.uploads)
    print.settings = try files(server.configuration)
    return print
  }

  /// Fails if the server's state is not the expected one, and reports the differences.
  static func expect(
    _ server: SandboxServer, _ expected: Fingerprint, _ when: String = "",
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let differences = try fingerprint(server).differences(expected)
    #expect(differences == [], "\(when)", sourceLocation: location)
  }

  static func rows(_ server: SandboxServer, _ database: String) throws -> [String: String] {
    var parameters = server.parameters
    parameters.database = database
    parameters.user = "postgres"
    let connection = try Connection(parameters)
    defer { connection.close() }
    var tables: [String: String] = [:]
    for table in try RowCounts.tables(connection, schema: "aloha") {
      tables[table.name] = try connection.value(
        "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM \(table.qualified) t"
      )
    }
    return tables
  }

  /// Returns every file below a folder with its digest. Links to folders are followed, as the server does.
  static func files(_ folder: String, _ inside: String = "") throws -> [String] {
    try FileSystem.names(in: folder).filter { !$0.hasPrefix(".aloha-wizard-") }.flatMap { name -> [String] in
      let path = "\(folder)/\(name)"
      if FileSystem.isFolder(path) { return try files(path, "\(inside)\(name)/") }
      var status = stat()
      stat(path, &status)
      let mode = String(status.st_mode & 0o777, radix: 8)
      return ["\(inside)\(name) \(mode) \(Digest.hexadecimal(try FileSystem.read(path)))"]
    }
  }

  static func databases(_ server: SandboxServer) throws -> [String] {
    var parameters = server.parameters
    parameters.database = "postgres"
    parameters.user = "postgres"
    let connection = try Connection(parameters)
    defer { connection.close() }
    return try connection.query(
      "SELECT datname FROM pg_database WHERE starts_with(datname, $1) ORDER BY 1", [server.database]
    ).compactMap { $0[0] }
  }

  /// Returns databases, folders and records that a restore has left.
  static func leftOvers(_ server: SandboxServer) throws -> [String] {
    let databases = try databases(server).filter { $0.contains("_restore_") || $0.contains("_before_") }
    let folders = ["\(server.root)/etc", "\(server.root)/home/aloha", server.uploads].flatMap { folder in
      ((try? FileSystem.names(in: folder)) ?? []).filter {
        $0.contains(".restore-") || $0.contains(".before-") || $0.hasPrefix(".aloha-wizard-")
      }
    }
    return databases + folders + (try RestoreState(root: server.root).records().map(\.id))
  }

  /// Deletes the database, the uploads and the configuration of a server. Its installation is kept.
  static func destroy(_ server: SandboxServer) throws {
    try execute(server, on: "postgres", "DROP DATABASE \(Identifier.quote(server.database)) WITH (FORCE)")
    try FileSystem.removeTree(server.uploads)
    try FileSystem.removeTree(server.configuration)
  }

  static func execute(_ server: SandboxServer, on database: String? = nil, _ sql: String) throws {
    var parameters = server.parameters
    parameters.database = database ?? server.database
    parameters.user = "postgres"
    let connection = try Connection(parameters)
    defer { connection.close() }
    try connection.execute("SET search_path TO aloha, public")
    try connection.execute(sql)
  }

  static func scripts(_ server: SandboxServer) throws -> [String] {
    String(decoding: try FileSystem.read(server.scriptLog), as: UTF8.self).split(separator: "\n").map { line in
      String(line.split(separator: " ").dropFirst().joined(separator: " "))
    }
  }

  /// Runs `body` with a new empty folder that every user can enter, and deletes it afterwards.
  static func folder<Value>(_ body: (String) throws -> Value) throws -> Value {
    let path = "/tmp/aloha-disaster-\(RandomText.alphanumeric(10))"
    try FileSystem.makeFolder(path, mode: 0o755)
    defer { try? FileSystem.removeTree(path) }
    return try body(path)
  }

  /// The program, next to the tests; nil if it is not built.
  static let program: String? = {
    guard let own = realpath("/proc/self/exe", nil) else { return nil }
    defer { free(own) }
    let candidates = CommandLine.arguments.prefix(1) + [String(cString: own)]
    return candidates.map { ($0 as NSString).deletingLastPathComponent + "/aloha-wizard" }
      .first { access($0, X_OK) == 0 }
  }()

  /// Whether sweeps stop at every point (`ALOHA_SWEEP=full`), which takes minutes. The default is every fourth or fifth
  /// point.
  static var sweepsFully: Bool { ProcessInfo.processInfo.environment["ALOHA_SWEEP"] == "full" }

  static var isRoot: Bool { geteuid() == 0 }

  /// Runs `body` with a file system in memory of this size.
  static func mounted<Value>(_ folder: String, megabytes: Int, _ body: () throws -> Value) throws -> Value {
    try FileSystem.makeFolder(folder, mode: 0o755)
    try Subprocess("/bin/mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=755", "tmpfs", folder]).runChecked()
    defer { _ = try? Subprocess("/bin/umount", ["-l", folder]).run() }
    return try body()
  }

  /// Restores a backup as the server's own command does: tar extracts settings and uploads, the database is created
  /// again and pg_restore loads it.
  static func officialRestore(_ server: SandboxServer, from path: String) throws {
    try folder { work in
      try FileSystem.makeFolder("\(work)/aloha-backup", mode: 0o755)
      try Subprocess(
        "/bin/tar",
        [
          "--keep-directory-symlink", "-C", work, "-xPzf", path,
          "--transform=s|^aloha-backup/settings(/.*)?$|\(server.configuration)\\1|x",
          "--transform=s|^aloha-backup/uploads(/.*)?$|\(server.uploads)\\1|x",
        ]
      ).runChecked()
      let database = Identifier.quote(server.database)
      try execute(server, on: "postgres", "DROP DATABASE IF EXISTS \(database) WITH (FORCE)")
      try execute(server, on: "postgres", "CREATE DATABASE \(database) OWNER aloha TEMPLATE template0 ENCODING 'UTF8'")
      try Subprocess(
        try PostgresTools.find(major: 15).path("pg_restore"),
        [
          "--exit-on-error", "-h", server.parameters.host ?? "", "-U", "postgres", "--no-password", "-d",
          server.database, "\(work)/aloha-backup/database",
        ]
      ).runChecked()
    }
  }

  /// Creates a backup as the server's own command does: with pg_dump and tar, without a manifest.
  static func officialBackup(_ server: SandboxServer, to path: String, links: Bool = false) throws {
    try folder { work in
      let root = "\(work)/aloha-backup"
      try FileSystem.makeFolder(root, mode: 0o755)
      try FileSystem.replace("\(root)/aloha-version", with: "9.0-dev+git\n9.0-dev-1234-gabcdef\n".utf8)
      try FileSystem.replace("\(root)/os-version", with: "debian 12\n".utf8)
      try FileSystem.replace("\(root)/postgres-version", with: "150018\n".utf8)
      let tools = try PostgresTools.find(major: 15)
      try Subprocess(
        tools.path("pg_dump"),
        [
          "--format=directory", "--file=\(root)/database", "-h", server.parameters.host ?? "", "-U", "aloha",
          "--no-password", server.database,
        ]
      ).runChecked()
      try Subprocess(
        "/bin/tar",
        [
          "-C", work, "-cPzf", path, "--transform=s|^\(server.configuration)(/.*)?$|aloha-backup/settings\\1|x",
          "--transform=s|^\(server.uploads)(/.*)?$|aloha-backup/uploads\\1|x", "--", "aloha-backup/aloha-version",
          "aloha-backup/os-version", "aloha-backup/postgres-version", server.configuration, "aloha-backup/database",
          server.uploads,
        ]
      ).runChecked()
    }
  }
}
