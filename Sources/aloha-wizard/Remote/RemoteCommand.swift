import ArgumentParser
import Common
import Glibc
import Remote

/// A command whose server is on another machine: the same program runs it there, as `--root` says.
///
/// On a terminal it runs on a terminal there, with its questions and its screens. A script gets the same output and the
/// same exit code as from a server of this machine. A job goes on there when the connection is lost; after reconnecting
/// it is followed again.
struct RemoteCommand {
  private let command: any ParsableCommand
  private let options: ServerOptions
  private let address: RemoteAddress
  /// The words of the command, for the program there.
  private let words: [String]
  private let json: Bool

  /// - Parameter words: the words after the program's name.
  /// - Returns: nil if the command is for a server on this machine.
  init?(_ command: any ParsableCommand, _ words: [String]) throws {
    guard let options = (command as? any OnServer)?.server, let address = try options.remote() else { return nil }
    self.command = command
    self.options = options
    self.address = address
    self.words = Self.words(words, at: address.root)
    json = CommandWords.wantsJSON(words)
  }

  /// Returns the words with the root folder as it is called on the other machine.
  static func words(_ words: [String], at root: String) -> [String] {
    var result: [String] = []
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" { return result + [word] + rest }
      let isSplit = word == "--root"
      guard isSplit || word.hasPrefix("--root=") else {
        result.append(word)
        continue
      }
      if isSplit { rest = rest.dropFirst() }
      if root != "/" { result.append("--root=\(root)") }
    }
    return result
  }

  /// Runs the command, and returns its exit code.
  func run() throws -> Int32 {
    let server = try RemoteServer.open(
      address, .ofCommand(copies: options.copyProgram, json: json), cancellation: Interruption.cancellation)
    defer { server.close() }
    let session = RemoteSession(server, words: words, json: json)
    if !json, isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1 {
      return try session.onTerminal(again: command is WizardCommand)
    }
    let isJob = (command as? any JobCommand)?.startsJob ?? false
    return try isJob ? session.asJob() : session.plainly()
  }
}
