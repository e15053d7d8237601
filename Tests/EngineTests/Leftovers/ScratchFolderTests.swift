import Common
import Glibc
import Sandbox
import Testing

@testable import Engine
@testable import Server

/// Work folders contain whole dumps: the next command must find them, at whatever moment their process ended.
@Suite("A work folder", .serialized)
struct ScratchFolderTests {
  private func place() throws -> String {
    let place = try Servers.folder() + "/scratch-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder(place)
    return place
  }

  private func fill(_ path: String) throws {
    try FileSystem.makeFolder("\(path)/database/inner")
    for name in ["a", "database/toc.dat", "database/inner/b", "z"] {
      try FileSystem.replace("\(path)/\(name)", with: "rows".utf8)
    }
  }

  @Test("A partly deleted work folder is found by the next command")
  func removal() throws {
    let place = try place()
    let folder = "\(place)/\(ScratchFolder.prefix)removed"
    try FileSystem.makeFolder(folder)
    try fill(folder)
    try FileSystem.replace("\(folder)/.lock", with: [])
    let open = try OpenFolder(place)
    var moments = 0
    try ScratchFolder.remove(try #require(try open.folder("\(ScratchFolder.prefix)removed")), folder, in: open) {
      // Copies the state that a process would leave if it ended now.
      moments += 1
      let other = "\(place)/moment-\(moments)"
      try FileSystem.makeFolder(other)
      try Subprocess("/bin/cp", ["-a", folder, other]).runChecked()
      #expect(try ScratchFolder.abandoned(in: OpenFolder(other)).count == 1, "\(moments)")
      ScratchFolder.removeLeftOvers(in: [other])
      #expect(try FileSystem.names(in: other) == [], "\(moments)")
    }
    #expect(moments == 7)
    rmdir(folder)
    try FileSystem.removeTree(place)
  }

  @Test(
    "A work folder whose deletion was killed is deleted by the next command",
    .enabled(if: Disaster.program != nil && FileSystem.exists("/usr/bin/strace"), "needs the program and strace"))
  func killedWhileRemoving() throws {
    let server = try Servers.fresh()
    let place = try place()
    let backup = "\(place)/backup.tar.gz"
    _ = try Disaster.backup(server, to: backup)
    let program = try #require(Disaster.program)
    let words = ["restore", backup, "--dry-run", "--work-folder", place, "--root", server.root]
    func work() throws -> [String] { try FileSystem.names(in: place).filter { $0.hasPrefix(ScratchFolder.prefix) } }
    var kills = 0
    for number in 1...30 {
      let result = try Subprocess(
        "/usr/bin/strace",
        ["-f", "-qq", "-e", "trace=unlinkat", "-e", "inject=unlinkat:signal=SIGKILL:when=\(number)", program] + words,
        directory: "/"
      ).run()
      if result.status != 128 + SIGKILL { break }
      kills += 1
      for name in try work() {
        let left = try FileSystem.names(in: "\(place)/\(name)")
        #expect(left.isEmpty || left.contains(".lock"), "\(number): \(left)")
      }
      // A command with another work folder finds it, because the place is recorded.
      let isLeft = try !work().isEmpty
      let isTold = Leftovers.report(root: server.root).contains { $0.subject.hasPrefix("\(place)/") }
      // Commands of other tests use this place too, and may have deleted the folder in the meantime.
      let isLeftStill = try !work().isEmpty
      #expect(isTold ? isLeft : !isLeftStill, "\(number)")
      if number.isMultiple(of: 2) {
        ScratchFolder.removeLeftOvers()
      } else {
        Leftovers.remove(.init(try server.installation), progress: .silent)
      }
      #expect(try work() == [], "\(number)")
    }
    #expect(kills > 3)
    try FileSystem.removeTree(place)
  }

  @Test("The work folder of a living process is never deleted, whatever its user, its root and its number")
  func living() throws {
    let place = try place()
    let (one, other) = (try Servers.fresh(), try Servers.fresh())
    // A process with the rights of another user, whose number in the folder is that of no process.
    var foreign: String?
    var holder: pid_t?
    if geteuid() == 0, FileSystem.exists("/usr/bin/flock") {
      let path = "\(place)/\(ScratchFolder.prefix)postgres"
      try FileSystem.makeFolder(path)
      try FileSystem.replace("\(path)/.lock", with: [])
      let user = try #require(getpwnam("postgres")).pointee
      for entry in [path, "\(path)/.lock"] { #expect(chown(entry, user.pw_uid, user.pw_gid) == 0) }
      holder = try Subprocess("/usr/bin/flock", ["--no-fork", "\(path)/.lock", "/bin/sleep", "600"], directory: "/")
        .start()
      while FileLock.isFree(".lock", in: try OpenFolder(path)) { usleep(20_000) }
      foreign = path
    }
    defer {
      // A zombie would hide the children of exit tests, which wait for any child.
      if let holder, kill(holder, SIGTERM) == 0 { _ = Subprocess.wait(holder) }
    }
    let own = try ScratchFolder(in: place)
    try FileSystem.replace("\(own.path)/pid", with: "4194303\n".utf8)
    // The folder of a dead process that had the number of this one.
    let dead = "\(place)/\(ScratchFolder.prefix)dead"
    try FileSystem.makeFolder(dead)
    try FileSystem.replace("\(dead)/.lock", with: [])
    try FileSystem.replace("\(dead)/pid", with: "\(getpid())\n".utf8)
    if geteuid() == 0 {
      // No folder of this program's users, also without a process.
      let strangers = "\(place)/\(ScratchFolder.prefix)stranger"
      try FileSystem.makeFolder(strangers)
      #expect(chown(strangers, 4711, 4711) == 0)
    }
    for server in [one, other] {
      var places = JobStore(root: server.root).places
      places.work.append(place)
      Leftovers.remove(.init(try server.installation), jobs: places, progress: .silent)
      ScratchFolder.removeLeftOvers(in: [place])
      #expect(FileSystem.exists("\(own.path)/pid"))
      if let foreign { #expect(FileSystem.exists("\(foreign)/.lock")) }
      #expect(!FileSystem.exists(dead))
      if geteuid() == 0 { #expect(FileSystem.exists("\(place)/\(ScratchFolder.prefix)stranger")) }
    }
    own.remove()
    try FileSystem.removeTree(place)
  }

  @Test("An empty folder that a process takes after it was found is kept, and its PostgreSQL runs on")
  func takenMeanwhile() throws {
    let place = try place()
    let path = "\(place)/\(ScratchFolder.prefix)taken"
    try FileSystem.makeFolder(path)
    let found = try #require(ScratchFolder.abandoned(in: try OpenFolder(place)).first)
    let lock = try #require(try FileLock("\(path)/.lock"))
    let data = "\(path)/cluster/data"
    try FileSystem.makeFolder(data)
    let process = try Subprocess("/bin/sleep", ["600"], directory: data).start()
    defer { if kill(process, SIGKILL) == 0 { _ = Subprocess.wait(process) } }
    try FileSystem.replace("\(data)/postmaster.pid", with: "\(process)\n".utf8)
    while FileIdentity("/proc/\(process)/cwd") != FileIdentity(data) { usleep(10_000) }
    try found.remove()
    #expect(FileSystem.exists("\(data)/postmaster.pid"))
    usleep(100_000)
    var status = siginfo_t()
    #expect(waitid(P_PID, id_t(process), &status, WEXITED | WNOHANG | WNOWAIT) == 0 && status.si_signo == 0)
    withExtendedLifetime(lock) {}
    try FileSystem.removeTree(place)
  }

  @Test("A work folder in a given place is remembered while it exists")
  func places() throws {
    let place = try place()
    let file = "\(place)/places"
    let (first, second) = ("\(place)/first", "\(place)/second")
    for folder in [first, second] {
      try FileSystem.makeFolder("\(folder)/\(ScratchFolder.prefix)x")
      ScratchPlaces.remember(folder, in: file)
      ScratchPlaces.remember(folder, in: file)
    }
    ScratchPlaces.remember("/var/tmp", in: file)
    ScratchPlaces.remember("/odd\nname", in: file)
    #expect(ScratchPlaces.remembered(in: file) == [first, second])
    try FileSystem.removeTree("\(first)/\(ScratchFolder.prefix)x")
    #expect(ScratchPlaces.remembered(in: file) == [second])
    try FileSystem.removeTree(second)
    #expect(ScratchPlaces.remembered(in: file) == [])
    // A place without leftovers never displaces one with leftovers.
    try FileSystem.makeFolder("\(first)/\(ScratchFolder.prefix)x")
    ScratchPlaces.remember(first, in: file)
    for number in 0..<100 { ScratchPlaces.remember("/nowhere/\(number)", in: file) }
    #expect(try FileSystem.read(file).count { $0 == 10 } <= 64)
    #expect(ScratchPlaces.remembered(in: file) == [first])
    // A file that other users can write is ignored: they could name any folder in it.
    chmod(file, 0o666)
    #expect(ScratchPlaces.remembered(in: file) == [])
    try FileSystem.removeTree(place)
  }

  @Test(
    "A full disk is reported if a work folder cannot be created",
    .enabled(if: SmallDisk.canBeMade, "needs the right to mount"))
  func fullDisk() throws {
    let place = try place()
    // The file system has no free inode.
    try Subprocess("/bin/mount", ["-t", "tmpfs", "-o", "size=1m,nr_inodes=1", "aloha-test", place]).runChecked()
    defer { _ = try? Subprocess("/bin/umount", ["-l", place]).run() }
    let failure = #expect(throws: PlainFailure.self) { _ = try ScratchFolder(in: place) }
    #expect(failure?.reason.contains("No space left") == true, "\(String(describing: failure))")
  }
}
