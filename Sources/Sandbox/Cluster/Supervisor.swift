import Common
import Glibc

/// The process that starts a cluster and ends it when its owner is gone. See `Resources/cluster/supervise.sh`.
struct Supervisor: Sendable {
  private let lock: FileLock
  private let mark: String
  private let pid: pid_t
  /// The owner's end of the pipe: closed, the cluster ends. The kernel closes it for an owner that was killed.
  private let lifeline: Int32

  init(
    lock: FileLock, place: ClusterPlace, user: ClusterUser, programs: PostgresPrograms, servers: String,
    removing: [String]
  ) throws {
    try SampleFile.rewrite(Resources.text("cluster/supervise.sh").utf8, to: place.script)
    let words = [servers, place.data, place.socket, user.name ?? "", programs.control] + removing
    let life = try Handshake.pipe("private PostgreSQL")
    let said: (read: Int32, write: Int32)
    do { said = try Handshake.pipe("private PostgreSQL") } catch {
      close(life.read)
      close(life.write)
      throw error
    }
    defer { close(said.read) }
    do {
      defer {
        close(life.read)
        close(said.write)
      }
      let shell = Subprocess("/bin/sh", [place.script] + words, directory: "/")
      pid = try shell.start(input: life.read, output: said.write)
    } catch {
      close(life.write)
      throw error
    }
    self.lock = lock
    lifeline = life.write
    mark = place.mark
    do {
      try SampleFile.rewrite(String(pid).utf8, to: mark)
      guard Handshake.saysReady(said.read) else { throw Self.notStarted(place) }
    } catch {
      end()
      throw error
    }
  }

  /// Ends the cluster and waits for it.
  func end() {
    close(lifeline)
    _ = Subprocess.wait(pid)
    unlink(mark)
  }

  private static func notStarted(_ place: ClusterPlace) -> PlainFailure {
    let log = (try? FileSystem.read("\(place.data)/server.log")) ?? []
    let last = String(decoding: log, as: UTF8.self).split(separator: "\n").suffix(3)
    let said = last.map { SafeText.clean($0, limit: 200) }.joined(separator: " | ")
    return PlainFailure(
      .command, "private PostgreSQL in \(place.data)", said.isEmpty ? "did not start" : "did not start: \(said)",
      remedy: "remove the folder, so that it is made anew")
  }
}
