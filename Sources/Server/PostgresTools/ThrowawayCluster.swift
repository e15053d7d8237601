import Common
import Glibc
import Postgres

/// A PostgreSQL used only by a rehearsal: its own folder, its own socket, no network, few resources.
///
/// A supervising shell stops it and deletes its folder when this object is released or this process dies, even after
/// `kill -9`.
package final class ThrowawayCluster {
  package let parameters: ConnectionParameters
  private let process: SupervisedProcess

  /// The programs that it needs.
  package static let programs = ["initdb", "pg_ctl", "postgres", "pg_restore", "psql"]

  /// Returns the system user that it runs as, because PostgreSQL refuses root; nil for the current user.
  package static func user() throws -> String? {
    guard geteuid() == 0 else { return nil }
    guard let name = ["postgres", "nobody"].first(where: { (name: String) in getpwnam(name) != nil }) else {
      throw PlainFailure(
        .configuration, "PostgreSQL",
        "it does not run as root, and this machine has neither a user postgres nor nobody",
        remedy: "run this as another user than root")
    }
    return name
  }

  private static let script = """
    data=$1 user=$2 control=$3 folder=$4
    trap '' HUP INT QUIT TERM PIPE
    cd / || exit 1
    control() {
      if [ -n "$user" ]; then nice -n 10 runuser -u "$user" -- "$control" -D "$data" -s -w -t 60 "$@"
      else nice -n 10 "$control" -D "$data" -s -w -t 60 "$@"; fi
    }
    control -l "$data/server.log" start </dev/null >/dev/null 2>&1 && echo ready
    exec >/dev/null 2>&1
    while read -r _; do :; done
    control -m immediate stop </dev/null
    rm -rf "$folder"
    """

  /// - Parameter folder: created for the cluster alone, owned by ``user()``, and deleted at the end.
  package init(tools: PostgresTools, folder: String, user: String?) throws {
    let data = "\(folder)/data"
    let made = try Subprocess(
      tools.path("initdb"),
      ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], directory: "/",
      user: user
    ).run()
    guard made.status == 0 else { throw ToolFailure(program: "initdb", status: made.status, said: made.output) }
    let configuration = """
      listen_addresses = ''
      unix_socket_directories = '\(folder)'
      shared_buffers = 64MB
      maintenance_work_mem = 64MB
      max_connections = 40
      max_wal_size = 1GB
      wal_level = minimal
      max_wal_senders = 0
      fsync = off
      full_page_writes = off
      autovacuum = off
      jit = off

      """
    try FileSystem.replace("\(data)/postgresql.conf", with: configuration.utf8, mode: 0o644)
    let words = ["-c", Self.script, "supervise", data, user ?? "", tools.path("pg_ctl"), folder]
    process = try SupervisedProcess(
      Subprocess("/bin/sh", words, directory: "/"), subject: "throw-away PostgreSQL")
    parameters = ConnectionParameters(
      host: folder, port: 5432, database: "postgres", user: "postgres", sslMode: "disable",
      systemUser: user == "postgres" ? user : nil)
    guard process.waitUntilReady() else {
      let log = (try? FileSystem.read("\(data)/server.log")) ?? []
      end()
      throw ToolFailure(program: "throw-away PostgreSQL", status: 1, said: String(decoding: log, as: UTF8.self))
    }
  }

  /// Stops a PostgreSQL whose supervisor was killed too. Only one whose data is in exactly this folder, according to
  /// the kernel.
  static func endAbandoned(in scratch: OpenFolder) {
    guard let cluster = try? scratch.folder("cluster"), let data = try? cluster.folder("data"),
      let bytes = try? data.read("postmaster.pid", limit: 4096),
      let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first, let process = pid_t(line),
      process > 1
    else { return }
    func works() -> Bool {
      // The working directory of PostgreSQL is its data folder.
      var (there, own) = (stat(), stat())
      return stat("/proc/\(process)/cwd", &there) == 0 && fstat(data.descriptor, &own) == 0
        && there.st_ino == own.st_ino && there.st_dev == own.st_dev
    }
    guard works() else { return }
    kill(process, SIGQUIT)
    for _ in 0..<100 where works() { usleep(50_000) }
  }

  /// Stops it, and waits until it has ended and its folder is deleted.
  package func end() { process.end() }
}
