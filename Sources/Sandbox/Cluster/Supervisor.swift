import Common
import Glibc

/// The process that starts a cluster, and stops it when its owner has ended. See `Resources/cluster/supervise.sh`.
struct Supervisor: Sendable {
  private let lock: FileLock
  private let mark: String
  private let process: SupervisedProcess

  /// Starts the cluster and waits until it accepts connections.
  ///
  /// - Parameters:
  ///   - servers: the folder of the servers to stop with the cluster; empty for none.
  ///   - removing: folders to delete after the cluster has stopped.
  /// - Throws: `.command` with the last lines of PostgreSQL's log if the cluster does not start.
  init(
    lock: FileLock, place: ClusterPlace, user: ClusterUser, programs: PostgresPrograms, servers: String,
    removing: [String]
  ) throws {
    try SampleFile.rewrite(Resources.text("cluster/supervise.sh").utf8, to: place.script)
    let words = [servers, place.data, place.socket, user.name ?? "", programs.control] + removing
    process = try SupervisedProcess(
      Subprocess("/bin/sh", [place.script] + words, directory: "/"), subject: "private PostgreSQL")
    self.lock = lock
    mark = place.mark
    do {
      try SampleFile.rewrite(String(process.id).utf8, to: mark)
      guard process.waitUntilReady() else { throw Self.notStarted(place) }
    } catch {
      end()
      throw error
    }
  }

  /// Stops the cluster and waits for its end.
  func end() {
    process.end()
    unlink(mark)
  }

  private static func notStarted(_ place: ClusterPlace) -> PlainFailure {
    let log = (try? FileSystem.read("\(place.data)/server.log")) ?? []
    let last = String(decoding: log, as: UTF8.self).split(separator: "\n").suffix(3)
    let said = last.map { SafeText.clean($0, limit: .line) }.joined(separator: " | ")
    return PlainFailure(
      .command, "private PostgreSQL in \(place.data)", said.isEmpty ? "did not start" : "did not start: \(said)",
      remedy: "remove the folder, so that it is created again")
  }
}
