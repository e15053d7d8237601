import Common

/// A server on another machine, and this program there, which does the work.
///
/// The connection is shared with other processes of this user, and reopened when it was lost.
public final class RemoteServer: Sendable {
  public let address: RemoteAddress
  public let connection: SSHConnection
  private let program: RemoteProgram

  /// What an operator has to decide before work on another machine begins.
  public struct Consent {
    /// Whether ssh may ask on the terminal of this process.
    public let canAsk: Bool
    /// Returns whether this program may be copied there for the time of the work.
    public let mayCopy: (RemoteMachine) throws -> Bool

    public init(canAsk: Bool, mayCopy: @escaping (RemoteMachine) throws -> Bool) {
      self.canAsk = canAsk
      self.mayCopy = mayCopy
    }

    /// Nobody can be asked.
    public static var none: Consent { Consent(canAsk: false) { _ in false } }
  }

  /// Connects, and finds this program there.
  ///
  /// - Throws: ``SSHFailure``; `.command` if the program cannot run there, or not with the rights that the server needs.
  public static func open(
    _ address: RemoteAddress, _ consent: Consent, cancellation: Cancellation? = nil
  ) throws -> RemoteServer {
    let connection = try SSHConnection(address)
    try connection.open(canAsk: consent.canAsk)
    let script = "exec sh -c " + ShellWord.quoted(RemoteMachine.script(root: address.root))
    let outcome = try connection.retrying(cancellation: cancellation ?? Cancellation()) {
      try connection.run(script, limit: 1 << 20, cancellation: cancellation)
    }
    guard let machine = RemoteMachine(outcome.text) else {
      throw PlainFailure(
        .command, address.label, "it does not answer as a machine with a POSIX shell does",
        remedy: "check that commands run there: ssh \(ShellWord.quoted(address.host)) uname -a")
    }
    guard machine.rootOwner != nil || machine.needsRoot else {
      throw PlainFailure(
        .configuration, address.label, "there is no folder \(SafeText.clean(address.root, limit: .path)) there",
        remedy: "correct the folder behind the host; without one it is /")
    }
    let program = try RemoteProgram.find(on: machine, connection, mayCopy: consent.mayCopy)
    return RemoteServer(address, connection, program)
  }

  private init(_ address: RemoteAddress, _ connection: SSHConnection, _ program: RemoteProgram) {
    self.address = address
    self.connection = connection
    self.program = program
  }

  /// Returns a command line of this program there, for the shell there.
  ///
  /// - Parameters:
  ///   - words: the words after the program's name; the option for the server's root folder is added.
  ///   - environment: variables for the program. Never secrets: they are words of a command.
  public func command(_ words: [String], environment: [String: String] = [:]) -> String {
    var environment = environment
    environment[Program.callerVariable] = address.machine
    let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let own = program.words
    let line = own.dropLast() + ["env"] + variables + own.suffix(1) + words
    return ShellWord.quoted(words: Array(line))
  }

  /// The option that selects the server's root folder there.
  public var serverWords: [String] { address.root == "/" ? [] : ["--root", address.root] }

  /// See ``SSHConnection/reconnect(canAsk:patience:cancellation:report:)``.
  public func reconnect(
    canAsk: Bool, cancellation: Cancellation, report: (SSHFailure, Duration) -> Void = { _, _ in }
  ) throws {
    try connection.reconnect(canAsk: canAsk, cancellation: cancellation, report: report)
  }

  /// Whether the program was copied there for this work.
  public var isCopied: Bool { program.folder != nil }

  /// Deletes a copy of the program there.
  public func close() { program.remove(connection) }
}
