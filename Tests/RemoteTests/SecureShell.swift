import Common
import Foundation
import Remote
import Sandbox
import Testing

/// A real sshd on the loopback interface, for the user of the tests, with a configuration of ssh that leads to it.
final class SecureShell: Sendable {
  static let host = "aloha-test-host"
  let folder: String
  let port: Int
  private let process: pid_t

  /// The file of ``SSHEnvironment/configuration``.
  var configuration: String { "\(folder)/client" }
  /// The keys that the client knows.
  var knownHosts: String { "\(folder)/known_hosts" }

  /// - Parameter path: the search path of commands there; by default with the program of the tests.
  init(path: String = TestProgram.folder + ":/usr/bin:/bin") throws {
    folder = "/tmp/aloha-ssh-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder(folder, mode: 0o700)
    port = try Self.freePort()
    for name in ["host", "user"] {
      try Subprocess("/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(folder)/\(name)"]).runChecked()
    }
    let hostKey = String(decoding: try FileSystem.read("\(folder)/host.pub"), as: UTF8.self)
    try Self.write("[127.0.0.1]:\(port) \(hostKey)", to: "\(folder)/known_hosts")
    try Self.write(
      String(decoding: try FileSystem.read("\(folder)/user.pub"), as: UTF8.self), to: "\(folder)/authorized_keys")
    try Self.write(
      """
      ListenAddress 127.0.0.1
      Port \(port)
      HostKey \(folder)/host
      AuthorizedKeysFile \(folder)/authorized_keys
      PasswordAuthentication no
      KbdInteractiveAuthentication no
      UsePAM no
      StrictModes no
      PermitRootLogin yes
      PidFile none
      MaxSessions 100
      MaxStartups 100
      SetEnv PATH=\(path)

      """, to: "\(folder)/sshd")
    try Self.write(
      """
      Host \(Self.host)
        HostName 127.0.0.1
        Port \(port)
        IdentityFile \(folder)/user
        IdentitiesOnly yes
        UserKnownHostsFile \(folder)/known_hosts
        StrictHostKeyChecking yes

      """, to: "\(folder)/client")
    // Its folder for the separation of privileges, which the package makes at the machine's start.
    if geteuid() == 0 { try FileSystem.makeFolder("/run/sshd", mode: 0o755) }
    process = try Subprocess("/usr/sbin/sshd", ["-D", "-e", "-f", "\(folder)/sshd"]).start()
    let end = Date().addingTimeInterval(20)
    while Date() < end, !Self.listens(port) { usleep(20_000) }
  }

  deinit {
    kill(process, SIGTERM)
    _ = Subprocess.wait(process)
    try? FileSystem.removeTree(folder)
  }

  /// The address of a server there.
  static func address(_ root: String) -> String { "ssh://\(host)\(root == "/" ? "" : root)" }

  /// Closes all present connections, as a machine that fails does: the server goes on.
  func cut() throws {
    let line = "pkill -KILL -P \(process)"
    _ = try Subprocess("/bin/sh", ["-c", line]).run()
  }

  static func write(_ text: String, to path: String) throws {
    try FileSystem.replace(path, with: Array(text.utf8))
  }

  private static func freePort() throws -> Int {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0
      }
    }
    try #require(status)
    return Int(UInt16(bigEndian: address.sin_port))
  }

  private static func listens(_ port: Int) -> Bool {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}

/// All tests with a real sshd, one after the other: they share the folder of received files.
@Suite("Another machine", .serialized)
enum OtherMachine {}
