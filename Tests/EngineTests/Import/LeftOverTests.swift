import Common
import Foundation
import Glibc
import Sandbox
import Testing

@testable import Server

/// Work folders whose process has ended.
@Suite("Leftovers of killed processes", .serialized)
struct LeftOverTests {
  private func program() throws -> String { try #require(Disaster.program) }

  /// Returns the work folder of a process, by the lock that it holds. Only folders in `/var/tmp` count: the process
  /// also locks abandoned folders of other tests, in `/tmp`, while it deletes them.
  private func workFolder(of process: pid_t) -> String? {
    let folder = "/proc/\(process)/fd"
    for name in (try? FileSystem.names(in: folder)) ?? [] {
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)"),
        target.hasPrefix("/var/tmp/\(ScratchFolder.prefix)"), target.hasSuffix("/.lock")
      else { continue }
      return String(target.dropLast("/.lock".count))
    }
    return nil
  }

  /// Starts the program and kills it as soon as its work folder contains files. Returns the work folder.
  private func killed(_ arguments: [String]) throws -> String {
    for _ in 0..<10 {
      let null = open("/dev/null", O_RDWR | O_CLOEXEC)
      defer { close(null) }
      let process = try Subprocess(try program(), arguments, directory: "/").start(input: null, output: null)
      var found: String?
      while true {
        if let folder = workFolder(of: process), ((try? FileSystem.names(in: folder)) ?? []).count > 1 {
          kill(process, SIGSTOP)
          found = folder
          break
        }
        if waitid(P_PID, id_t(process), nil, WEXITED | WNOHANG | WNOWAIT) != 0 || hasEnded(process) { break }
        usleep(500)
      }
      if let found, FileSystem.exists(found) {
        kill(process, SIGKILL)
        #expect(Subprocess.wait(process) == 128 + SIGKILL)
        return found
      }
      kill(process, SIGKILL)
      _ = Subprocess.wait(process)
    }
    throw PlainFailure(.unexpected, "program", "was never seen with a work folder")
  }

  private func hasEnded(_ process: pid_t) -> Bool {
    let status = (try? text("/proc/\(process)/status")) ?? ""
    return status.isEmpty || status.contains("State:\tZ")
  }

  /// Returns whether a folder of a killed process still exists. Waits up to 10 seconds while a command of another test,
  /// which deletes leftovers too, holds the folder's lock.
  private func isLeft(_ path: String) -> Bool {
    for _ in 0..<200 where FileSystem.exists(path) {
      if let folder = try? OpenFolder(path), folder.status(".lock") != nil, FileLock.isFree(".lock", in: folder) {
        break
      }
      usleep(50_000)
    }
    return FileSystem.exists(path)
  }

  private func rehearsal(_ server: SandboxServer) throws -> [String] {
    ["import", "harbour", try Servers.archive(), "--dry-run", "--root", server.root, "--json"]
  }

  @Test("Leftovers of a killed dry run are deleted by the next one, and folders in use are kept")
  func dryRun() throws {
    let server = try Servers.fresh()
    let live = try ScratchFolder(in: "/var/tmp")
    let before = try server.state()
    let left = try killed(rehearsal(server))
    let next = try Subprocess(try program(), try rehearsal(server), directory: "/").run()
    #expect(next.status == 0, "\(next.output)")
    #expect(!isLeft(left))
    #expect(FileSystem.exists("\(live.path)/.lock"))
    #expect(try server.state() == before)
  }

  @Test("Leftovers are deleted at the start of imports, backups and rehearsals")
  func otherOperations() throws {
    let server = try Servers.fresh()
    let live = try ScratchFolder(in: "/var/tmp")
    let backup = "\(server.root)/backup.tar.gz"
    func run(_ arguments: [String]) throws {
      let left = try killed(rehearsal(server))
      let result = try Subprocess(try program(), arguments + ["--json"], directory: "/").run()
      #expect(result.status == 0, "\(result.output)")
      #expect(!isLeft(left), "\(arguments)")
      #expect(FileSystem.exists("\(live.path)/.lock"), "\(arguments)")
    }
    try run(["backup", "--output", backup, "--root", server.root])
    try run(["restore", "--rehearse", backup, "--root", server.root])
    try run(["import", "other", try Servers.archive(), "--root", server.root])
  }

  @Test("Only private folders of this program without an owner are deleted")
  func onlyOurs() throws {
    let place = try Servers.folder() + "/left-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder(place)
    func make(_ name: String, mode: mode_t = 0o700, locked: Bool = true) throws -> String {
      let path = "\(place)/\(ScratchFolder.prefix)\(name)"
      try FileSystem.makeFolder(path, mode: mode)
      if locked { try FileSystem.replace("\(path)/.lock", with: []) }
      return path
    }
    let dead = try make("dead")
    let open = try make("open", mode: 0o755)
    let fresh = try make("fresh", locked: false)
    let old = try make("old", locked: false)
    let filled = try make("filled", locked: false)
    try FileSystem.replace("\(filled)/precious", with: "x".utf8)
    for path in [old, filled] {
      var times = [timespec(tv_sec: time(nil) - 3600, tv_nsec: 0), timespec(tv_sec: time(nil) - 3600, tv_nsec: 0)]
      #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
    }
    let elsewhere = "\(place)/elsewhere"
    try FileSystem.makeFolder(elsewhere)
    try FileSystem.replace("\(elsewhere)/.lock", with: [])
    let link = "\(place)/\(ScratchFolder.prefix)link"
    #expect(symlink(elsewhere, link) == 0)
    var kept = [open, filled, elsewhere, link]
    if geteuid() == 0 {
      let foreign = try make("foreign")
      #expect(chown(foreign, 4711, 4711) == 0)
      kept.append(foreign)
    }
    let live = try ScratchFolder(in: place)
    #expect(!FileSystem.exists(dead) && !FileSystem.exists(old))
    // An empty folder is deleted: a process that is about to lock it creates another one.
    #expect(!FileSystem.exists(fresh))
    // A folder with files but without a lock is not deleted, but reported.
    #expect(ScratchFolder.unlocked(in: try OpenFolder(place)) == ["\(ScratchFolder.prefix)filled"])
    for path in kept { #expect(FileSystem.exists(path), "\(path)") }
    ScratchFolder.removeLeftOvers(in: [place])
    #expect(FileSystem.exists("\(live.path)/.lock"))
    live.remove()
    #expect(!FileSystem.exists(live.path))
  }
}
