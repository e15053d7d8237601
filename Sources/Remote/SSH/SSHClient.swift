import Common
import Glibc

/// The system's OpenSSH client, with the operator's own configuration, agent, jump hosts and known hosts.
///
/// All commands for one machine share a connection, which ssh keeps for ``keptSeconds`` after its last use. Passwords and
/// passphrases are asked for by ssh itself, on the terminal, see ``SSHConnection/open(canAsk:)``.
struct SSHClient: Sendable {
  /// How long the shared connection is kept without use, in seconds.
  static let keptSeconds = 300
  /// How long the first answer of a machine is waited for, in seconds.
  private static let connectSeconds = 20
  /// The connection counts as lost after three intervals without an answer, in seconds.
  private static let aliveSeconds = 5

  let executable: String
  private let address: RemoteAddress
  /// The socket of the shared connection; ssh replaces %C by a digest of host, port and user.
  private let socket: String

  /// - Throws: `.command` if ssh is not installed; `.file` if there is no private folder for the connection.
  init(_ address: RemoteAddress) throws {
    guard let executable = Subprocess.find("ssh") else {
      throw PlainFailure(
        .command, "ssh", "is not installed on this machine; it is needed to reach \(address.label)",
        remedy: "install the package openssh-client")
    }
    self.executable = executable
    self.address = address
    socket = try SocketFolder.path() + "/%C"
  }

  /// Returns a child process that runs a command there, without a terminal on this side.
  ///
  /// - Parameter command: for the shell of the user there.
  func running(_ command: String) -> Subprocess {
    child(["-T", "-o", "BatchMode=yes", "-o", "ControlMaster=no"], [command])
  }

  /// Returns a child process that runs a command there on a terminal of its own.
  func runningOnTerminal(_ command: String) -> Subprocess { child(["-tt", "-o", "ControlMaster=no"], [command]) }

  /// Returns a child process that opens the shared connection, and ends when it is open.
  ///
  /// - Parameter canAsk: whether ssh may ask questions on the terminal.
  func opening(canAsk: Bool) -> Subprocess {
    child(["-f", "-N", "-o", "ControlMaster=yes"] + (canAsk ? [] : ["-o", "BatchMode=yes"]), [])
  }

  /// Returns a child process that succeeds if the shared connection is open.
  func checking() -> Subprocess { child(["-O", "check"], []) }

  /// Returns a child process that closes the shared connection.
  func closing() -> Subprocess { child(["-O", "exit"], []) }

  private func child(_ options: [String], _ command: [String]) -> Subprocess {
    var words = options
    if let file = SSHEnvironment.variable(SSHEnvironment.configuration) { words += ["-F", file] }
    words += [
      "-o", "ControlPath=\(socket)", "-o", "ControlPersist=\(Self.keptSeconds)",
      "-o", "ConnectTimeout=\(Self.connectSeconds)", "-o", "ServerAliveInterval=\(Self.aliveSeconds)",
      "-o", "ServerAliveCountMax=3", "-o", "EscapeChar=none",
    ]
    if let port = address.port { words += ["-p", String(port)] }
    if let user = address.user { words += ["-l", user] }
    return Subprocess(executable, words + ["--", address.host] + command, environment: SSHEnvironment.variables)
  }
}

/// What ssh needs of the operator's environment. None of it is a secret.
public enum SSHEnvironment {
  /// Names another configuration file for ssh, as its option -F.
  public static let configuration = "ALOHA_WIZARD_SSH_CONFIG"

  public static var variables: [String: String] {
    let names = [
      "HOME", "USER", "LOGNAME", "PATH", "TERM", "SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY",
      "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "KRB5CCNAME", configuration,
    ]
    return Dictionary(names.compactMap { name in variable(name).map { (name, $0) } }) { first, _ in first }
  }

  static func variable(_ name: String) -> String? {
    guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { return nil }
    return value
  }
}

/// The private folder for the sockets of shared connections. The path of a socket has at most 107 bytes, so it is short.
private enum SocketFolder {
  /// - Throws: `.file` if there is no folder that only this user can use.
  static func path() throws -> String {
    let parents = ["/run/user/\(geteuid())", "/tmp"]
    for parent in parents where FileSystem.isFolder(parent) {
      let path = "\(parent)/aloha-wizard-ssh-\(geteuid())"
      if mkdir(path, 0o700) != 0, errno != EEXIST { continue }
      var status = stat()
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else { continue }
      guard status.st_mode & 0o077 == 0 || chmod(path, 0o700) == 0 else { continue }
      return path
    }
    throw PlainFailure(
      .file, "/tmp/aloha-wizard-ssh-\(geteuid())", "cannot be used for the connection: it belongs to another user",
      remedy: "delete it")
  }
}
