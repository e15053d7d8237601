import Common
import Glibc
import Postgres

/// Runs one of PostgreSQL's programs against a database, with the password in a file that only its user can read.
///
/// Neither an argument list nor an environment ever contains a password. With peer authentication, the program runs as
/// the system user that PostgreSQL expects.
package struct ToolRun: Sendable {
  let tools: PostgresTools
  let parameters: ConnectionParameters
  /// Settings of its sessions, besides those that disable time-outs.
  var settings: [String: String] = [:]

  package init(tools: PostgresTools, parameters: ConnectionParameters, settings: [String: String] = [:]) {
    self.tools = tools
    self.parameters = parameters
    self.settings = settings
  }

  /// The system user that the program runs as; nil for the current user.
  package var user: String? {
    let isLocal = parameters.host.map { $0.hasPrefix("/") } ?? true
    guard isLocal, geteuid() == 0, let name = parameters.systemUser, getpwnam(name) != nil else { return nil }
    return name
  }

  /// Returns the options of PostgreSQL's tools for role, host, port and database, never a password.
  ///
  /// - Parameter database: nil: that of the parameters.
  func connection(database: String? = nil) -> [String] {
    var words = ["--username=\(parameters.user)", "--no-password"]
    if let host = parameters.host { words.append("--host=\(host)") }
    if let port = parameters.port { words.append("--port=\(port)") }
    return words + ["--dbname=\(database ?? parameters.database)"]
  }

  /// Runs a program to its end.
  ///
  /// - Parameters:
  ///   - words: arguments besides those of ``connection(database:)``.
  ///   - database: a database other than that of the parameters.
  ///   - input: its standard input.
  /// - Throws: ``ToolFailure`` if it fails.
  package func run(
    _ program: String, _ words: [String], database: String? = nil, input: Int32? = nil,
    cancellation: Cancellation? = nil,
    line: ((String) -> Void)? = nil
  ) throws {
    try withPasswordFile { environment in
      let process = Subprocess(
        tools.path(program), connection(database: database) + words, environment: environment, directory: "/",
        user: user)
      let result = try process.run(descriptor: input, cancellation: cancellation, line: line)
      try cancellation?.check()
      guard result.status == 0 else { throw ToolFailure(program: program, status: result.status, said: result.output) }
    }
  }

  /// Calls `body` with an environment that names a password file. libpq requires mode 0600 and the program's user as
  /// its owner. It is in a folder where the next operation searches for leftovers.
  private func withPasswordFile<Value>(_ body: ([String: String]) throws -> Value) throws -> Value {
    var environment = ["PGAPPNAME": parameters.applicationName, "PGCONNECT_TIMEOUT": "15"]
    let all = settings.merging(
      ["statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0"]) { ours, _ in ours }
    environment["PGOPTIONS"] = all.sorted { $0.key < $1.key }.map { "-c \($0.key)=\($0.value)" }.joined(separator: " ")
    if let mode = parameters.sslMode { environment["PGSSLMODE"] = mode }
    guard let password = parameters.password else {
      // The user's own password file must not be used.
      environment["PGPASSFILE"] = "/dev/null"
      return try body(environment)
    }
    let folder = try ScratchFolder(in: "/tmp", for: user)
    defer { folder.remove() }
    let path = "\(folder.path)/password"
    let escaped = password.reveal().replacing("\\", with: "\\\\").replacing(":", with: "\\:")
    try FileSystem.replace(path, with: "*:*:*:*:\(escaped)\n".utf8, mode: 0o600)
    if let user, let entry = getpwnam(user) { chown(path, entry.pointee.pw_uid, entry.pointee.pw_gid) }
    environment["PGPASSFILE"] = path
    return try body(environment)
  }
}

/// The failure of one of PostgreSQL's programs. Its output determines the remedy.
public struct ToolFailure: Failure, Equatable {
  let program: String
  let status: Int32
  /// The last lines of its output.
  let said: String

  public var family: FailureFamily { .command }
  public var subject: String { program }
  public var reason: String {
    let complaints = said.split(separator: "\n").filter { line in
      ["error", "ERROR", "FATAL", "PANIC"].contains { line.contains($0) }
    }
    let lines = complaints.isEmpty ? said.split(separator: "\n").suffix(3) : complaints.prefix(3)
    let text = lines.map { SafeText.clean($0, limit: .path) }.joined(separator: " | ")
    return text.isEmpty ? "ended with status \(status)" : text
  }

  /// Whether a disk was full, the program's or the server's.
  package var isFullDisk: Bool {
    // PostgreSQL reports a write that was cut short without the system's error.
    ["No space left on device", "Check free disk space", "Disk quota exceeded"].contains { said.contains($0) }
      || (said.contains("could not extend file") && said.contains("wrote only"))
  }

  public var remedy: String? {
    func has(_ text: String) -> Bool { said.contains(text) }
    if isFullDisk { return "free some space on that disk, then run it again" }
    if has("unsupported version") || has("server version mismatch") {
      return "install PostgreSQL's client programs of the version that made the dump, or a newer one"
    }
    if has("is not available") || has("could not open extension control file") {
      return "install the missing extension's package for this PostgreSQL, then run it again"
    }
    if has("could not open dictionary file") || has("could not open stop-word file") {
      return
        "install the server's search dictionaries: apply its puppet configuration, or apt-get install hunspell-en-us"
    }
    if has("role") && has("does not exist") { return "create that role in PostgreSQL: the server's installer does" }
    if has("permission denied") || has("must be owner") || has("must be superuser") {
      return "it has to run with the rights of PostgreSQL's administrator: run it as root on the database's machine"
    }
    if has("Permission denied") { return "its user must be able to enter every folder on the way to that file" }
    return nil
  }
}
