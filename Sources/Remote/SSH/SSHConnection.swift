import CSystem
import Common
import Glibc

/// The shared connection to another machine, and the commands that run through it.
///
/// Thread-safe: each command is a process of ssh.
public final class SSHConnection: Sendable {
  public let address: RemoteAddress
  private let client: SSHClient

  /// Opens nothing yet.
  ///
  /// - Throws: as ``SSHClient/init(_:)``.
  public init(_ address: RemoteAddress) throws {
    self.address = address
    client = try SSHClient(address)
  }

  /// Opens the connection if it is not open.
  ///
  /// - Parameter canAsk: whether ssh may ask on the terminal of this process, for example for a passphrase or about a new
  ///   host key. The terminal must not be in use.
  /// - Throws: ``SSHFailure``.
  public func open(canAsk: Bool) throws {
    if isOpen { return }
    let log = try OutputFile()
    // Questions are asked on the controlling terminal, which a process in another session does not have.
    let pid = try client.opening(canAsk: canAsk).start(
      input: canAsk ? STDIN_FILENO : -1, output: -1, error: log.descriptor, newSession: !canAsk)
    guard Subprocess.wait(pid) == 0 else { throw SSHFailure(address, output: log.text) }
  }

  /// Whether the shared connection is open, as far as this machine knows.
  public var isOpen: Bool { (try? client.checking().run())?.status == 0 }

  /// Closes the connection for all processes that use it.
  public func close() { _ = try? client.closing().run() }

  /// The result of a command that has ended.
  public struct Outcome: Sendable {
    /// The exit status, or 128 + the signal that ended it.
    public let status: Int32
    public let output: [UInt8]
    /// The end of standard error, of ssh and of the command.
    public let error: String

    public var text: String { String(decoding: output, as: UTF8.self) }
  }

  /// Runs a command there to its end.
  ///
  /// - Parameters:
  ///   - command: for the shell of the user there.
  ///   - input: a descriptor for its standard input, owned by the caller; nil: no input.
  ///   - limit: the most bytes of output that are accepted.
  /// - Throws: ``SSHFailure`` if the connection cannot be used, or is lost; `.command` for more output; `.cancelled`.
  public func run(
    _ command: String, input: Int32? = nil, limit: Int = 16 << 20, cancellation: Cancellation? = nil
  ) throws -> Outcome {
    let channel = try start(command, input: input)
    defer { channel.end() }
    var output: [UInt8] = []
    while let bytes = try channel.read(cancellation: cancellation) {
      output += bytes
      guard output.count <= limit else {
        throw PlainFailure(
          .command, address.label, "sends more than \(Amount.bytes(Int64(limit))) where a short answer is expected",
          remedy: "check what its shell prints at the start of a session without a terminal")
      }
    }
    let status = channel.wait()
    guard status != Self.lostStatus else { throw SSHFailure(address, output: channel.errorText) }
    return Outcome(status: status, output: output, error: channel.errorText)
  }

  /// The status of ssh itself if it fails; this program never ends with it.
  public static let lostStatus: Int32 = 255

  /// Starts a command there whose output is read while it runs.
  ///
  /// - Parameter input: as in ``run(_:input:limit:cancellation:)``; nil: ``SSHChannel/write(_:)``.
  public func start(_ command: String, input: Int32? = nil) throws -> SSHChannel {
    try SSHChannel(client.running(command), input: input, address)
  }

  /// Runs a command there on the terminal of this process, with its keys and its size.
  ///
  /// - Returns: its exit status; ``lostStatus`` if the connection was lost, or could not be opened.
  public func runOnTerminal(_ command: String) throws -> (status: Int32, failure: SSHFailure) {
    let log = try OutputFile()
    let pid = try client.runningOnTerminal(command).start(
      input: STDIN_FILENO, output: STDOUT_FILENO, error: log.descriptor, newSession: false)
    // Signals of the keyboard are for the program there.
    let before = [SIGINT, SIGQUIT].map { ($0, signal($0, SIG_IGN)) }
    defer { for (number, handler) in before { signal(number, handler) } }
    let status = Subprocess.wait(pid)
    return (status, SSHFailure(address, output: log.text))
  }
}

/// An unnamed file for what a child process prints: a process that stays in the background would keep a pipe open.
final class OutputFile: Sendable {
  let descriptor: Int32
  /// Only the end is of interest.
  private static let limit = 64 << 10

  init() throws {
    descriptor = csystem_unnamed_file("/tmp")
    guard descriptor >= 0 else { throw PlainFailure.system("/tmp", "temporary file", errno: errno) }
  }

  deinit { close(descriptor) }

  var text: String {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return "" }
    var bytes = [UInt8](repeating: 0, count: min(Int(status.st_size), Self.limit))
    let count = pread(descriptor, &bytes, bytes.count, status.st_size - off_t(bytes.count))
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }
}
