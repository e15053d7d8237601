import Common
import Glibc
import Sandbox
import Testing

@testable import Administration
@testable import Operations
@testable import Server
@testable import WholeServer

@Suite("A copy of a container's volume")
struct DataFolderTests {
  private enum Dump: String, CaseIterable {
    case custom, archived
  }

  /// Copies the volume as `docker compose cp` does, with a dump from the image's backup.
  private func copy(_ server: SandboxServer, to folder: String, _ form: Dump, settings: Bool) throws -> String {
    let data = "\(folder)/data"
    for name in ["backups", "certs"] { try FileSystem.makeFolder("\(data)/\(name)", mode: 0o755) }
    try Subprocess("/bin/cp", ["-a", server.uploads, "\(data)/uploads"]).runChecked()
    if settings {
      try Subprocess("/bin/cp", ["-a", server.configuration, "\(data)/etc-aloha"]).runChecked()
    } else {
      try Subprocess("/bin/cp", ["-a", "\(server.configuration)/aloha-secrets.conf", data]).runChecked()
    }
    let path = "\(data)/backups/backup-2026-11-20T03_30_00+00_00"
    try dump(server, form, to: path)
    // An older dump, which must not be used.
    try FileSystem.replace("\(data)/backups/backup-2026-11-19T03_30_00+00_00.sql", with: "no dump".utf8)
    return data
  }

  private func dump(_ server: SandboxServer, _ form: Dump, to path: String) throws {
    let tools = try PostgresTools.find(major: 15)
    let words = ["-h", server.parameters.host ?? "", "-U", "aloha", server.database]
    guard form == .archived else {
      try Subprocess(tools.path("pg_dump"), ["-Fc", "-f", "\(path).sql"] + words).runChecked()
      return
    }
    try Disaster.folder { work in
      let inside = "tmp/backup-2026-11-20T03_30_00+00_00"
      try FileSystem.makeFolder("\(work)/\(inside)", mode: 0o755)
      try Subprocess(tools.path("pg_dump"), ["-f", "\(work)/\(inside)/database-postgres.sql"] + words).runChecked()
      try Subprocess("/bin/tar", ["-C", work, "-czf", "\(path).tar.gz", "\(inside)/"]).runChecked()
    }
  }

  @Test("A copied volume is restored with its newest dump, of any image version", arguments: ["custom", "archived"])
  func restored(form: String) throws {
    let server = try Disaster.server("volume-\(form)", messages: 20)
    let before = try Disaster.fingerprint(server)
    try Disaster.folder { folder in
      let data = try copy(server, to: folder, Dump(rawValue: form) ?? .custom, settings: true)
      let dump = try #require(DataFolder.recognize(data)?.dumps.first)
      #expect(try RestoreSource.archive(dump).resolved() == .manual(ManualBackup(database: dump)))
      try Disaster.destroy(server)
      var options = RestoreOptions(.manual(ManualBackup(data: data)))
      options.workFolder = nil
      _ = try RestoreOperation(ServerReference(root: server.root), options).perform(.silent)
    }
    try Disaster.expect(server, before)
    _ = try? server.run("scripts/stop-server")
  }

  @Test("A copied volume without settings restores only its secrets")
  func secretsAlone() throws {
    let source = try Disaster.server("volume-source", messages: 10)
    let target = try Disaster.server("volume-target", messages: 0)
    let settings = try FileSystem.read("\(target.configuration)/settings.py")
    try Disaster.folder { folder in
      let data = try copy(source, to: folder, .custom, settings: false)
      let given = try DumpFile.recognize("\(data)/backups/backup-2026-11-20T03_30_00+00_00.sql")
      #expect(given.form == .custom)
      // The folder as the only argument, in place of a backup.
      let operation = RestoreOperation(ServerReference(root: target.root), RestoreOptions(archive: data))
      let said = try operation.check().filter { $0.subject == "volume" }
      #expect(
        said.contains { $0.reason.contains("backup-2026-11-20T03_30_00+00_00.sql") && $0.reason.contains("2 dumps") })
      #expect(said.contains { $0.reason.contains("no other settings") })
      _ = try operation.perform(.silent)
    }
    #expect(try FileSystem.read("\(target.configuration)/settings.py") == settings)
    let secrets = try Installation(root: target.root).secrets
    #expect(secrets["avatar_salt"]?.reveal() == source.avatarSalt)
    #expect(secrets["postgres_password"] == target.databasePassword)
    #expect(try Disaster.files(target.uploads) == Disaster.files(source.uploads))
    #expect(try Disaster.rows(target, target.database) == Disaster.rows(source, source.database))
    _ = try? target.run("scripts/stop-server")
  }

  @Test("A given dump takes precedence, and parts can be given by their parent folder")
  func parts() throws {
    let server = try Disaster.server("volume-parts", messages: 5)
    try Disaster.folder { folder in
      let data = try copy(server, to: folder, .custom, settings: false)
      let named = try ManualBackup(database: "/elsewhere/dump", data: data).resolved()
      #expect(named.database == "/elsewhere/dump")
      #expect(named.uploads == "\(data)/uploads")
      #expect(named.secrets == "\(data)/aloha-secrets.conf")
      let around = try ManualBackup(settings: data, uploads: data).resolved()
      #expect(around.uploads == "\(data)/uploads")
      #expect(around.settings == nil && around.secrets == "\(data)/aloha-secrets.conf")
      // A copy of the container's configuration in which the secrets file is a link.
      let copied = "\(folder)/etc"
      try Subprocess("/bin/cp", ["-a", server.configuration, copied]).runChecked()
      try FileSystem.removeTree("\(copied)/aloha-secrets.conf")
      #expect(symlink("/data/aloha-secrets.conf", "\(copied)/aloha-secrets.conf") == 0)
      let both = try ManualBackup(settings: copied, data: data).resolved().assembled(root: server.root, in: folder)
      let secrets = "\(both.settings ?? "")/aloha-secrets.conf"
      #expect(try FileSystem.read(secrets) == FileSystem.read("\(data)/aloha-secrets.conf"))
      #expect(FileSystem.linkTarget(secrets) == nil)
      #expect(try ConfigurationSource(data).secrets["avatar_salt"]?.reveal() == server.avatarSalt)
    }
  }

  @Test("A copied volume is distinguished from other folders and from its archive")
  func others() throws {
    try Disaster.folder { folder in
      let failure = #expect(throws: PlainFailure.self) { try ManualBackup(data: folder).resolved() }
      #expect(failure?.family == .unsuitableArchive)
      try FileSystem.replace("\(folder)/backup.tar.gz", with: "x".utf8)
      let packed = #expect(throws: PlainFailure.self) {
        try ManualBackup(data: "\(folder)/backup.tar.gz").resolved()
      }
      #expect(packed?.remedy?.contains("unpack it") == true)
      for name in ["aloha-version", "aloha-secrets.conf"] { try FileSystem.replace("\(folder)/\(name)", with: []) }
      try FileSystem.makeFolder("\(folder)/uploads")
      #expect(DataFolder.recognize(folder) == nil, "a backup that was unpacked")
    }
  }

  @Test("A copied volume is rehearsed")
  func rehearsed() throws {
    let server = try Disaster.server("volume-rehearsed", messages: 10)
    try Disaster.folder { folder in
      let data = try copy(server, to: folder, .archived, settings: false)
      let report = try RehearseOperation(.init(manual: ManualBackup(data: data), brand: nil)).rehearse(.silent)
      #expect(report.rows > 0 && report.files > 0)
      let again = try RehearseOperation(.init(archive: data)).rehearse(.silent)
      #expect(again.rows == report.rows)
    }
  }
}
