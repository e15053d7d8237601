import ArgumentParser

/// Replaces the parser's own command of this name, whose help has no examples.
struct HelpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "help", abstract: "Show the help of a command.",
    discussion: Examples.after("", "help", "help organization delete"),
    // The parser lists its own one in completions.
    shouldDisplay: false, helpNames: [])

  @Argument(help: ArgumentHelp("The words of the command; by default the help of the program.", valueName: "word"))
  var words: [String] = []

  /// Ignored: the help of the command is shown anyway.
  @Flag(name: .shortAndLong, help: .private)
  var help = false

  func run() throws {
    var command: any ParsableCommand.Type = AlohaWizard.self
    for word in words {
      // ``CommandWords`` has refused unknown words.
      guard let next = command.configuration.subcommands.first(where: { $0._commandName == word }) else { break }
      command = next
    }
    throw CleanExit.helpRequest(command)
  }
}
