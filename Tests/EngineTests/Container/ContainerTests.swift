import Common
import Glibc
import Sandbox
import Testing

@testable import Engine
@testable import Operations
@testable import Server
@testable import WholeServer

@Suite("A server in a container")
struct ContainerTests {
  private func root<Value>(_ body: (String) throws -> Value) throws -> Value {
    try Disaster.folder { folder in
      try FileSystem.makeFolder("\(folder)/etc/aloha", mode: 0o755)
      return try body(folder)
    }
  }

  @Test("A container is recognized by its role, its links into the volume, or an engine's mark")
  func recognition() throws {
    try root { root in
      #expect(Container.find(root: root) == nil)
      try FileSystem.replace("\(root)/.dockerenv", with: [])
      #expect(Container.find(root: root) == nil, "a mark alone is in other containers too")
      try FileSystem.makeFolder("\(root)/data")
      #expect(Container.find(root: root)?.hasVolume == true)
    }
    try root { root in
      try FileSystem.makeFolder("\(root)/data")
      #expect(Container.find(root: root) == nil, "a machine may have such a folder")
      try FileSystem.replace("\(root)/run-me", with: [])
      #expect(symlink("/data/aloha-secrets.conf", "\(root)/etc/aloha/aloha-secrets.conf") == 0)
      #expect(Container.find(root: root)?.signs.count == 1)
    }
    for name in ["aloha::profile::docker", "aloha::profile::base, aloha::profile::docker", "aloha::dockervoyager"] {
      try root { root in
        try FileSystem.replace("\(root)/etc/aloha/aloha.conf", with: "[machine]\npuppet_classes = \(name)\n".utf8)
        let container = Container.find(root: root)
        #expect(container?.hasVolume == false, "\(name)")
        #expect(container?.finding.severity == .warning)
      }
    }
    try root { root in
      let conf = "[machine]\npuppet_classes = aloha::profile::standalone\n"
      try FileSystem.replace("\(root)/etc/aloha/aloha.conf", with: conf.utf8)
      #expect(Container.find(root: root) == nil)
    }
  }

  @Test("Records are stored in the volume, and earlier ones elsewhere are still found")
  func stateFolder() throws {
    try root { root in
      let before = JobStore(root: root)
      #expect(before.folder == "\(root)/var/lib/aloha-wizard")
      let server = ServerReference(root: root)
      let old = try before.make(RestoreOperation(server, RestoreOptions(archive: "/old")), plan: nil)
      let record = RestoreRecord(
        id: "20250101-000000", source: "old", database: nil, places: [], administrator: AdministratorAccess.Wish())
      try RestoreState(root: root).save(record)
      try FileSystem.makeFolder("\(root)/data")
      try FileSystem.replace("\(root)/.dockerenv", with: [])

      let store = JobStore(root: root)
      #expect(store.folder == "\(root)/data/aloha-wizard")
      let new = try store.make(RestoreOperation(server, RestoreOptions(archive: "/new")), plan: nil)
      #expect(try Set(store.jobs().map(\.path)) == [old.path, new.path])
      #expect(new.path.hasPrefix("\(root)/data/"))
      let state = RestoreState(root: root)
      #expect(try state.records().map(\.id) == [record.id])
      var changed = record
      changed.stage = .finished
      try state.save(changed)
      #expect(try state.records().map(\.stage) == [.finished])
      try state.remove(changed)
      #expect(try state.records().isEmpty)
      try state.save(record)
      #expect(FileSystem.exists("\(root)/data/aloha-wizard/restore/\(record.id).json"))
    }
  }

  @Test("The source of a container's settings is reported as far as it is known")
  func settings() throws {
    let server = try Disaster.server("container-settings", messages: 0)
    try ContainerLayout.lay(server, environment: nil)
    func settings() -> Container.Settings? { Container.find(root: server.root)?.settings }
    #expect(settings() == .madeAtEachStart)
    try ContainerLayout.set(server, ["MANUAL_CONFIGURATION": "yes"])
    #expect(settings() == .lostWithTheContainer)
    try ContainerLayout.set(server, ["MANUAL_CONFIGURATION": "", "SETTING_X": "y"])
    #expect(settings() == .madeAtEachStart)
    // The effect of LINK_SETTINGS_TO_DATA in the image.
    #expect(rename(server.configuration, "\(server.root)/data/etc-aloha") == 0)
    #expect(symlink("\(server.root)/data/etc-aloha", server.configuration) == 0)
    #expect(settings() == .madeAtEachStart)
    try ContainerLayout.set(server, ["MANUAL_CONFIGURATION": "True"])
    #expect(settings() == .kept)
    try FileSystem.removeTree("\(server.root)/proc")
    #expect(settings() == .kept)
  }

  @Test("Links are resolved from the container's point of view", arguments: [false, true])
  func links(asInside: Bool) throws {
    let server = try Disaster.server("container-links-\(asInside)", messages: 20)
    let before = try Disaster.fingerprint(server)
    try ContainerLayout.lay(server, asInside: asInside)
    // The sandbox's scripts cannot resolve links to `/data`.
    if asInside { try FileSystem.removeTree("\(server.deployment)/scripts") }
    let installation = try Installation(root: server.root)
    #expect(installation.secrets["avatar_salt"]?.reveal() == server.avatarSalt)
    try Disaster.folder { folder in
      let path = "\(folder)/backup.tar.gz"
      _ = try Disaster.backup(server, to: path)
      let uploads = "\(server.root)/data/uploads"
      try FileSystem.removeTree("\(uploads)/avatars")
      let secrets = "\(server.root)/data/aloha-secrets.conf"
      let salt = String(decoding: try FileSystem.read(secrets), as: UTF8.self)
        .replacing(server.avatarSalt, with: "another")
      try FileSystem.replace(secrets, with: salt.utf8, mode: 0o640)
      let changed = try FileSystem.read(secrets)

      let operation = RestoreOperation(ServerReference(root: server.root), RestoreOptions(archive: path))
      let linked = try operation.check().filter { $0.reason.contains("stays a link") }
      #expect(linked.map(\.severity) == [.ok])
      _ = try operation.perform(.silent)
      for link in [server.uploads, "\(server.configuration)/aloha-secrets.conf"] {
        #expect(ContainerLayout.isLink(link), "\(link)")
      }
      #expect(try Installation(root: server.root).secrets["avatar_salt"]?.reveal() == server.avatarSalt)
      #expect(try Disaster.files(uploads) == before.uploads)
      var status = stat()
      #expect(stat(secrets, &status) == 0 && status.st_mode & 0o777 == 0o640)
      #expect(Container.find(root: server.root)?.settings == .madeAtEachStart, "its role is kept")

      _ = try RollBackOperation(ServerReference(root: server.root)).perform(.silent)
      #expect(try FileSystem.read(secrets) == changed)
      #expect(!FileSystem.exists("\(uploads)/avatars"))
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      let left = try FileSystem.names(in: "\(server.root)/data").filter {
        $0.contains(".restore-") || $0.contains(".before-")
      }
      #expect(left == [])
    }
    _ = try? server.run("scripts/stop-server")
  }

  @Test("A configuration folder in the volume is restored there")
  func linkedFolder() throws {
    let server = try Disaster.server("container-folder", messages: 5)
    try ContainerLayout.lay(server)
    let folder = "\(server.root)/data/etc-aloha"
    #expect(rename(server.configuration, folder) == 0)
    #expect(symlink(folder, server.configuration) == 0)
    let before = try Disaster.fingerprint(server)
    try Disaster.folder { work in
      _ = try Disaster.backup(server, to: "\(work)/backup.tar.gz")
      try ContainerLayout.append("\nMORE = 1\n", to: "\(folder)/settings.py")
      try Disaster.restore(server, from: "\(work)/backup.tar.gz")
      try Disaster.expect(server, before)
      #expect(ContainerLayout.isLink(server.configuration))
      #expect(ContainerLayout.isLink("\(folder)/aloha-secrets.conf"))
    }
    _ = try? server.run("scripts/stop-server")
  }

  @Test("A link between two files of a folder is restored, whichever of them is in the backup")
  func linkInside() throws {
    let server = try Disaster.server("container-inside", messages: 5)
    let path = "\(server.configuration)/settings.py"
    try Disaster.folder { work in
      _ = try Disaster.backup(server, to: "\(work)/backup.tar.gz")
      let old = try FileSystem.read(path)
      #expect(rename(path, "\(server.configuration)/real.py") == 0)
      #expect(symlink("real.py", path) == 0)
      try ContainerLayout.append("\nMORE = 1\n", to: "\(server.configuration)/real.py")
      try Disaster.restore(server, from: "\(work)/backup.tar.gz")
      #expect(ContainerLayout.isLink(path))
      #expect(try FileSystem.read("\(server.configuration)/real.py") == old)
    }
    _ = try? server.run("scripts/stop-server")
  }

  @Test("The contents of a folder in the image are exchanged", .enabled(if: Disaster.isRoot))
  func imageLayer() throws {
    let server = try Disaster.server("container-overlay", messages: 5)
    try Disaster.folder { work in
      for name in ["lower", "disk"] { try FileSystem.makeFolder("\(work)/\(name)", mode: 0o755) }
      try Subprocess("/bin/cp", ["-a", "\(server.root)/etc/.", "\(work)/lower"]).runChecked()
      try Disaster.mounted("\(work)/disk", megabytes: 64) {
        for name in ["upper", "work"] { try FileSystem.makeFolder("\(work)/disk/\(name)", mode: 0o755) }
        let options = "lowerdir=\(work)/lower,upperdir=\(work)/disk/upper,workdir=\(work)/disk/work"
        let mount = try Subprocess("/bin/mount", ["-t", "overlay", "-o", options, "overlay", "\(server.root)/etc"])
          .run()
        // Some kernels do not allow this mount.
        guard mount.status == 0 else { return }
        defer { _ = try? Subprocess("/bin/umount", ["-l", "\(server.root)/etc"]).run() }
        let before = try Disaster.fingerprint(server)
        _ = try Disaster.backup(server, to: "\(work)/backup.tar.gz")
        try ContainerLayout.append("\nMORE = 1\n", to: "\(server.configuration)/settings.py")
        let since = try Disaster.fingerprint(server)
        try Disaster.restore(server, from: "\(work)/backup.tar.gz")
        try Disaster.expect(server, before)
        _ = try RollBackOperation(ServerReference(root: server.root)).perform(.silent)
        try Disaster.expect(server, since)
        _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
        #expect(try Disaster.leftOvers(server) == [])
      }
    }
    _ = try? server.run("scripts/stop-server")
  }
}
