import Common
import Glibc

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
    let outcome = try connection.run(script, limit: 1 << 20, cancellation: cancellation)
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

  /// Opens the connection again after it was lost, with growing pauses.
  ///
  /// - Parameters:
  ///   - patience: how long it is tried.
  ///   - report: called before each pause with the reason.
  /// - Throws: the last ``SSHFailure``, one that time does not heal at once; `.cancelled`.
  public func reconnect(
    canAsk: Bool, patience: Duration = .seconds(600), cancellation: Cancellation,
    report: (SSHFailure, Duration) -> Void
  ) throws {
    let end = ContinuousClock.now + patience
    var pause = Duration.seconds(1)
    while true {
      try cancellation.check()
      do {
        return try connection.open(canAsk: canAsk)
      } catch let failure as SSHFailure {
        guard failure.isTemporary, ContinuousClock.now + pause < end else { throw failure }
        report(failure, pause)
        try Self.wait(pause, cancellation)
        pause = min(pause * 2, .seconds(30))
      }
    }
  }

  private static func wait(_ duration: Duration, _ cancellation: Cancellation) throws {
    let end = ContinuousClock.now + duration
    while ContinuousClock.now < end {
      try cancellation.check()
      usleep(100_000)
    }
  }

  /// Whether the program was copied there for this work.
  public var isCopied: Bool { program.folder != nil }

  /// Deletes a copy of the program there.
  public func close() { program.remove(connection) }
}
