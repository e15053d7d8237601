import Common
import Glibc

/// The folders of a private cluster, and what earlier starts may have left in them.
struct ClusterPlace: Sendable {
  /// Longer paths do not fit into a socket's address.
  private static let socketPathLimit = 100

  let data: String
  let socket: String
  /// Names the supervisor of an earlier start.
  let mark: String
  /// What the supervisor runs.
  let script: String
  /// The data could not be in the folder, and goes with the cluster.
  let isElsewhere: Bool

  /// Beneath `folder`; in `/var/tmp` and `/tmp` instead where the cluster's user cannot get there, or where the path
  /// is too long for a socket.
  init(folder: String, user: ClusterUser) throws {
    let isReachable = user.canEnter(folder)
    if isReachable {
      data = "\(folder)/data"
    } else {
      data = "/var/tmp/aloha-sandbox-\(Digest.hexadecimal(folder.utf8).prefix(16))"
    }
    let near = "\(folder)/socket"
    let isShort = near.utf8.count + "/.s.PGSQL.5432.lock".utf8.count < Self.socketPathLimit
    socket = isReachable && isShort ? near : "/tmp/aloha-\(RandomText.alphanumeric(10))"
    mark = "\(folder)/supervisor"
    script = "\(folder)/supervise.sh"
    isElsewhere = !isReachable
  }

  /// Waits for the supervisor of an owner that died, and stops a cluster that lost its supervisor too.
  func endLeftOvers(programs: PostgresPrograms, user: ClusterUser) throws {
    if let pid = ProcessState.named(in: mark) {
      for _ in 0..<700 where isSupervisor(pid) { usleep(100_000) }
      unlink(mark)
    }
    guard FileSystem.exists("\(data)/postmaster.pid") else { return }
    // Fails where the file is stale; then the next start takes it away by itself.
    _ = try Subprocess(
      programs.control, ["-D", data, "-s", "-w", "-m", "immediate", "stop"], directory: "/", user: user.name
    ).run()
  }

  /// Whether that process supervises this very cluster: since the mark was written, its number may be another's.
  private func isSupervisor(_ pid: pid_t) -> Bool {
    guard let words = try? FileSystem.read("/proc/\(pid)/cmdline") else { return false }
    return words.split(separator: 0).contains { $0.elementsEqual(data.utf8) }
  }

  func prepare(programs: PostgresPrograms, user: ClusterUser, options: PrivateCluster.Options) throws {
    // A start that died half-way through leaves a folder without the file that is written last.
    if !FileSystem.exists("\(data)/sandbox.conf") { try FileSystem.removeTree(data) }
    if !FileSystem.exists(data) {
      try user.makeOwnFolder(data)
      try Subprocess(
        programs.initialize,
        ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        directory: "/", user: user.name
      ).runChecked()
      try write("include 'sandbox.conf'\n", to: "\(data)/postgresql.conf", user: user)
    }
    try FileSystem.removeTree(socket)
    try user.makeOwnFolder(socket)
    try write(configuration(options), to: "\(data)/sandbox.conf", user: user)
  }

  private func configuration(_ options: PrivateCluster.Options) -> String {
    let durable = options.isDurable ? "on" : "off"
    return """
      listen_addresses = ''
      unix_socket_directories = '"\(socket.replacing("'", with: "''"))"'
      shared_buffers = \(options.sharedBuffers)
      max_wal_size = \(options.maximalWAL)
      max_connections = 60
      fsync = \(durable)
      full_page_writes = \(durable)
      timezone = 'UTC'
      log_timezone = 'UTC'
      log_checkpoints = off

      """
  }

  /// Lets the role into the database with its password only; everything else stays as it was.
  func requirePassword(database: String, role: String, user: ClusterUser) throws {
    let path = "\(data)/pg_hba.conf"
    let rules = String(decoding: try FileSystem.read(path), as: UTF8.self)
    try write("local \"\(database)\" \"\(role)\" scram-sha-256\n" + rules, to: path, user: user)
  }

  private func write(_ text: String, to path: String, user: ClusterUser) throws {
    try SampleFile.rewrite(text.utf8, to: path)
    guard chown(path, user.id, user.group) == 0 else {
      throw PlainFailure.system(path, "cannot be given away", errno: errno)
    }
  }
}
