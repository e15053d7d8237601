import CSystem
import Glibc
import Synchronization

/// A child process: an argument array, never a shell, and a clean environment.
///
/// The child has default signals, an empty signal mask, and no descriptors except its three streams.
public struct Subprocess: Sendable {
  public var executable: String
  public var arguments: [String]
  /// The child's environment, in addition to `PATH` and `LC_ALL`, which it can replace.
  public var environment: [String: String]
  public var directory: String?
  /// The user to run as, through `runuser`; requires root.
  public var user: String?

  public init(
    _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], directory: String? = nil,
    user: String? = nil
  ) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.user = user
  }

  /// The result of a finished child.
  public struct Result: Sendable {
    /// The exit status, or 128 + the signal that ended it.
    public let status: Int32
    /// Standard output and standard error, in the order of arrival.
    public let output: String
  }

  /// Runs the child to its end.
  ///
  /// - Parameters:
  ///   - input: the text for its standard input.
  ///   - descriptor: a descriptor for its standard input instead of a text, owned by the caller.
  ///   - line: called for each line of output.
  /// - Throws: `.command` if it cannot be started. A status other than 0 is not an error.
  public func run(
    input: String? = nil, descriptor: Int32? = nil, cancellation: Cancellation? = nil, line: ((String) -> Void)? = nil
  ) throws -> Result {
    var fromChild: [Int32] = [-1, -1]
    guard pipe(&fromChild) == 0 else {
      throw PlainFailure.system(executable, "pipe", errno: errno, family: .command)
    }
    defer { close(fromChild[0]) }
    let inputFile = try input.map { try Self.temporaryInput($0) }
    let pid = try spawn(
      input: inputFile ?? descriptor ?? -1, output: fromChild[1], error: fromChild[1], newSession: false)
    close(fromChild[1])
    if let inputFile { close(inputFile) }
    let output = collect(fromChild[0], pid: pid, cancellation: cancellation, line: line)
    return Result(status: Self.wait(pid), output: output)
  }

  /// Runs the child to its end.
  ///
  /// - Throws: `.command` with its last lines of output if its status is not 0.
  @discardableResult
  public func runChecked(input: String? = nil, line: ((String) -> Void)? = nil) throws -> String {
    let result = try run(input: input, line: line)
    guard result.status == 0 else {
      let tail = result.output.split(separator: "\n").suffix(4).map { SafeText.clean($0, limit: .path) }
      let said = tail.isEmpty ? "" : ": " + tail.joined(separator: " | ")
      throw PlainFailure(.command, executable, "ended with status \(result.status)\(said)")
    }
    return result.output
  }

  /// Starts the child without waiting; the caller must call ``wait(_:)``.
  public func start(input: Int32 = -1, output: Int32 = -1, newSession: Bool = true) throws -> pid_t {
    try spawn(input: input, output: output, error: output, newSession: newSession)
  }

  /// Starts the child with three streams of the caller, for example those of a terminal; the caller must call
  /// ``wait(_:)``.
  public func start(input: Int32, output: Int32, error: Int32, newSession: Bool) throws -> pid_t {
    try spawn(input: input, output: output, error: error, newSession: newSession)
  }

  /// Waits for a child and returns its exit status, or 128 + the signal that ended it.
  public static func wait(_ pid: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }

  /// Returns the path of a program in the system's search path; nil if it is not installed.
  public static func find(_ name: String) -> String? {
    let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  private func spawn(input: Int32, output: Int32, error: Int32, newSession: Bool) throws -> pid_t {
    var path = executable
    var words = [executable] + arguments
    if let user {
      guard let runuser = Self.find("runuser") else {
        throw PlainFailure(.command, "runuser", "not found on this machine", remedy: "install util-linux")
      }
      path = runuser
      words = [runuser, "-u", user, "--"] + words
    }
    var variables = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"]
    variables.merge(environment) { _, ours in ours }
    var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (argv + envp).forEach { free($0) } }
    var pid: pid_t = 0
    let code = csystem_spawn(&pid, path, &argv, &envp, directory, input, output, error, newSession ? 1 : 0)
    guard code == 0 else { throw PlainFailure.system(executable, "cannot be started", errno: code, family: .command) }
    return pid
  }

  private func collect(
    _ descriptor: Int32, pid: pid_t, cancellation: Cancellation?, line: ((String) -> Void)?
  ) -> String {
    var whole: [UInt8] = []
    var lineStart = 0
    var chunk = [UInt8](repeating: 0, count: 65_536)
    var told = false
    while true {
      if let cancellation, cancellation.isCancelled, !told {
        kill(pid, SIGTERM)
        told = true
      }
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&waiting, 1, 200)
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      whole.append(contentsOf: chunk[0..<count])
      guard let line else { continue }
      while let end = whole[lineStart...].firstIndex(of: 10) {
        line(String(decoding: whole[lineStart..<end], as: UTF8.self))
        lineStart = end + 1
      }
    }
    if let line, lineStart < whole.count { line(String(decoding: whole[lineStart...], as: UTF8.self)) }
    return String(decoding: whole, as: UTF8.self)
  }

  /// Passes the input through an unnamed file: a full pipe could block both sides.
  private static func temporaryInput(_ text: String) throws -> Int32 {
    let descriptor = csystem_unnamed_file("/tmp")
    guard descriptor >= 0 else { throw PlainFailure.system("/tmp", "temporary file", errno: errno) }
    do {
      try Array(text.utf8).withUnsafeBytes { try FileSystem.writeAll(descriptor, $0, path: "/tmp") }
    } catch {
      close(descriptor)
      throw error
    }
    lseek(descriptor, 0, SEEK_SET)
    return descriptor
  }
}
