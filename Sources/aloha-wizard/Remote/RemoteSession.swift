import ArgumentParser
import Common
import Engine
import FoundationEssentials
import Glibc
import Operations
import Remote

/// The run of a command on another machine.
final class RemoteSession {
  let server: RemoteServer
  /// The exit code of a command that was refused.
  private(set) var status: Int32 = 0
  private let words: [String]
  private let json: Bool

  /// - Parameter words: the command as it is called there.
  init(_ server: RemoteServer, words: [String], json: Bool) {
    self.server = server
    self.words = words
    self.json = json
  }

  /// What the program there has to know of the terminal here. No value is a secret.
  static var environment: [String: String] {
    var values: [String: String] = [:]
    for name in ["NO_COLOR", "COLORTERM", "ACCESSIBLE", "ALOHA_WIZARD_THEME"] {
      guard let value = getenv(name).map({ String(cString: $0) }) else { continue }
      // The file of a theme is on this machine.
      if !value.contains("/") { values[name] = value }
    }
    values["LC_ALL"] = StandardStream.wantsASCII.output || StandardStream.wantsASCII.error ? "C" : "C.UTF-8"
    return values
  }

  // MARK: On a terminal

  /// Runs it on a terminal there.
  ///
  /// - Parameter again: whether a lost connection is answered with the same command; otherwise the running job is
  ///   followed.
  func onTerminal(again: Bool) throws -> Int32 {
    var line = words
    var isRepeated = false
    while true {
      let (status, failure) = try server.connection.runOnTerminal(
        server.command(line, environment: Self.environment))
      guard status == SSHConnection.lostStatus else {
        if isRepeated, status == FailureFamily.notFound.rawValue { throw noJob }
        return status
      }
      guard failure.isTemporary else { throw failure }
      StandardStream.error(
        "\nThe connection to \(server.address.label) was lost. Work that had begun there continues.\n")
      try server.reconnect(canAsk: true, cancellation: Interruption.cancellation, report: Self.tell)
      if !again {
        line = ["jobs", "attach"] + server.serverWords
        isRepeated = true
      }
    }
  }

  @Sendable static func tell(_ failure: SSHFailure, _ pause: Duration) {
    let seconds = Double(pause.components.seconds)
    StandardStream.error(
      "\(failure.subject): \(failure.reason). Next attempt in \(Amount.duration(seconds: seconds)).\n")
  }

  private var noJob: PlainFailure {
    PlainFailure(
      .connection, server.address.label, "the connection was lost, and no job is running there now",
      remedy: "see whether the work was done: " + Program.command(["jobs", "list"], root: server.address.text))
  }

  // MARK: In a script

  /// Runs it there without a terminal, and passes its output on.
  ///
  /// - Parameter input: its standard input.
  func plainly(input: Int32? = nil) throws -> Int32 {
    // Before the first byte a lost connection is like none.
    try server.connection.retrying(patience: .seconds(30), cancellation: Interruption.cancellation) {
      _ = try server.connection.open(canAsk: false)
    }
    let channel = try server.connection.start(server.command(words, environment: Self.environment), input: input)
    channel.closeInput()
    defer { channel.end() }
    while let bytes = try channel.read(cancellation: Interruption.cancellation) {
      StandardStream.raw(bytes)
    }
    let status = channel.wait()
    guard status != SSHConnection.lostStatus else { throw channel.failure }
    StandardStream.error(Self.shown(channel.errorText))
    return status
  }

  /// Starts the operation there as a job, and follows it to its end.
  func asJob() throws -> Int32 {
    guard let job = try start() else { return status }
    let view = JobView(json: json)
    do {
      view.finish(
        try job.follow(on: server, cancellation: Interruption.cancellation, report: Self.tell) { view.show($0) })
      return 0
    } catch {
      view.end()
      throw error
    }
  }

  /// Starts the operation there as a job.
  ///
  /// - Returns: nil if it was refused; then the reason is written, and ``status`` is known.
  func start() throws -> RemoteJob? {
    var refusal: SSHConnection.Outcome?
    do {
      try Interruption.cancellation.check()
      // A request to stop must not lose a job that has begun there: it is stopped when it is followed.
      return try RemoteSite(server, brand: nil).once(Cancellation()) { variables in
        let environment = Self.environment.merging(variables) { _, new in new }
        let outcome = try server.connection.run(
          server.command(Self.detached(words), environment: environment))
        if outcome.status == 0, let job = RemoteJob(outcome.text) { return job }
        refusal = outcome
        throw Refused()
      }
    } catch is Refused {
      guard let outcome = refusal else { return nil }
      if json { StandardStream.raw(outcome.output) }
      StandardStream.error(Self.shown(outcome.error))
      status = outcome.status == 0 ? FailureFamily.unexpected.rawValue : outcome.status
      return nil
    }
  }

  private struct Refused: Error {}

  /// Returns the words of a command that starts a job and ends.
  static func detached(_ words: [String]) -> [String] {
    let end = words.firstIndex(of: "--") ?? words.endIndex
    let more = ["--detach", "--json"].filter { !words[..<end].contains($0) }
    return Array(words[..<end]) + more + Array(words[end...])
  }

  /// Lines of another machine, without what could change the terminal.
  static func shown(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).map { SafeText.clean($0, limit: 2000) + "\n" }.joined()
  }
}
