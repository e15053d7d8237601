import ArgumentParser
import Common
import Glibc
import Remote

/// A command whose server is on another machine: the same program runs it there, as `--root` says.
///
/// On a terminal it runs on a terminal there, with its questions and its screens. A script gets the same output and the
/// same exit code as from a server of this machine. Archives are files of this machine. A job goes on there when the
/// connection is lost; after reconnecting it is followed again.
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
    guard let options = (command as? any ForServer)?.server, let address = try options.remote() else { return nil }
    self.command = command
    self.options = options
    self.address = address
    self.words = RemoteWords.at(address.root, words)
    json = CommandWords.wantsJSON(words)
  }

  /// Runs the command, and returns its exit code.
  func run() throws -> Int32 {
    let export = (command as? ExportCommand).map { RemoteExport($0, words) }
    try export?.checkOutput()
    let server = try RemoteServer.open(
      address, .ofCommand(copies: options.copyProgram, json: json), cancellation: Interruption.cancellation)
    defer { server.close() }
    if let export { return try export.run(on: server) }
    if let settings = (command as? any ForServer).flatMap({ RemoteSettings($0, words) }) {
      return try settings.run(on: server, options, json: json)
    }
    guard let input = ArchiveInput(command, isRemote: true) else { return try run(words, on: server) }
    return try input.sent(to: server) { path in try run(input.words(words, with: path), on: server) }
  }

  private func run(_ words: [String], on server: RemoteServer) throws -> Int32 {
    let session = RemoteSession(server, words: RemoteWords.without(["--limit-rate"], words), json: json)
    if !json, isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1 {
      return try session.onTerminal(again: command is WizardCommand)
    }
    let isJob = (command as? any JobCommand)?.startsJob ?? false
    return try isJob ? session.asJob() : session.plainly()
  }
}

/// The words of a command for the program on another machine.
enum RemoteWords {
  /// Returns the words with the root folder as it is called there.
  static func at(_ root: String, _ words: [String]) -> [String] {
    let end = words.firstIndex(of: "--") ?? words.endIndex
    return without(["--root"], words[..<end]) + (root == "/" ? [] : ["--root=\(root)"]) + words[end...]
  }

  /// Returns the words without some options that have a value.
  static func without(_ options: Set<String>, _ words: some Sequence<String>) -> [String] {
    var result: [String] = []
    var isValue = false
    var isOver = false
    for word in words {
      if isValue {
        isValue = false
      } else if word == "--" || isOver {
        isOver = true
        result.append(word)
      } else if options.contains(word) {
        isValue = true
      } else if !options.contains(String(word.prefix { $0 != "=" })) {
        result.append(word)
      }
    }
    return result
  }
}
