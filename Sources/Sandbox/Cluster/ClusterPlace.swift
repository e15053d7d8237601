import Common
import Glibc

/// The folders of a private cluster, and the leftovers of earlier starts in them.
struct ClusterPlace: Sendable {
  /// The path of a socket is limited by `sockaddr_un`.
  private static let socketPathLimit = 100

  let data: String
  let socket: String
  /// The file that names the supervisor of an earlier start.
  let mark: String
  /// The script of the supervisor.
  let script: String
  /// Whether the data is outside the folder; it is deleted with the cluster then.
  let isElsewhere: Bool

  /// Places data and socket below `folder`; in `/var/tmp` and `/tmp` if the cluster's user cannot access it, or if the
  /// path is too long for a socket.
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

  /// Waits up to 70 seconds for the supervisor of an owner that has ended, and stops a cluster without a supervisor.
  func endLeftOvers(programs: PostgresPrograms, user: ClusterUser) throws {
    if let pid = ProcessState.named(in: mark) {
      for _ in 0..<700 where isSupervisor(pid) { usleep(100_000) }
      unlink(mark)
    }
    guard FileSystem.exists("\(data)/postmaster.pid") else { return }
    // Fails if the file is outdated; then the next start removes it.
    _ = try Subprocess(
      programs.control, ["-D", data, "-s", "-w", "-m", "immediate", "stop"], directory: "/", user: user.name
    ).run()
  }

  /// Returns whether the process supervises this cluster: the process id may have been reused since the file was
  /// written.
  private func isSupervisor(_ pid: pid_t) -> Bool {
    guard let words = try? FileSystem.read("/proc/\(pid)/cmdline") else { return false }
    return words.split(separator: 0).contains { $0.elementsEqual(data.utf8) }
  }

  /// Creates the data and configures the cluster. Existing data is kept if its creation was completed.
  func prepare(programs: PostgresPrograms, user: ClusterUser, options: PrivateCluster.Options) throws {
    // Without the file that is written last, the folder is that of an incomplete start.
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

  /// Requires the password of one role for one database; other access rules are unchanged.
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
