import ArgumentParser
import Common
import FoundationEssentials

/// The commands of this program with their options, as the argument parser itself describes them.
///
/// A new command or option is in the table without another line of code.
struct CommandTable: Sendable {
  /// A command, a group of commands, or the program.
  struct Command: Sendable, Decodable {
    let name: String
    /// The text of its help below the abstract.
    let discussion: String?
    /// Whether `--help` lists it.
    let isShown: Bool
    let subcommands: [Command]
    let defaultSubcommand: String?
    let arguments: [Argument]

    /// The names of the subcommands that the help lists.
    var shownNames: [String] { subcommands.filter(\.isShown).map(\.name) }

    var takesArguments: Bool { arguments.contains { $0.kind == .positional } }

    func subcommand(_ name: String) -> Command? { subcommands.first { $0.name == name } }

    /// Returns the option with a name that includes its dashes.
    func option(_ name: String) -> Argument? { arguments.first { $0.names.contains(name) } }
  }

  /// An option, a flag or an argument.
  struct Argument: Sendable, Decodable {
    enum Kind: String, Decodable { case positional, option, flag }

    let kind: Kind
    /// With their dashes: "-r", "--realm".
    let names: [String]
    let isRepeating: Bool
    /// Whether it takes all words until the next option.
    let takesSeveral: Bool

    var takesValue: Bool { kind == .option }
  }

  let root: Command

  init(_ root: Command) { self.root = root }

  /// Returns the table of a program and its commands.
  init(of program: any ParsableCommand.Type) throws {
    root = try Self.description(of: program)
  }

  /// Returns a command with all commands below it.
  static func description(of command: any ParsableCommand.Type) throws -> Command {
    try JSONDecoder().decode(Description.self, from: Data(command._dumpHelp().utf8)).command
  }

  /// Returns every command of the table with the words that call it; the program itself has none.
  var all: [(words: [String], command: Command)] {
    func below(_ command: Command, _ words: [String]) -> [(words: [String], command: Command)] {
      [(words, command)] + command.subcommands.flatMap { below($0, words + [$0.name]) }
    }
    return below(root, [])
  }

  /// Returns the option with a name, of any command: its kind is known before the command is.
  func option(_ name: String) -> Argument? { all.lazy.compactMap { $0.command.option(name) }.first }

  /// Returns all options of all commands, by name and sorted.
  var optionNames: [String] {
    Set(all.flatMap { $0.command.arguments.flatMap(\.names) }).filter { $0.hasPrefix("--") }.sorted()
  }

  private struct Description: Decodable {
    let command: Command
  }
}

extension CommandTable.Command {
  private enum Key: String, CodingKey {
    case commandName, discussion, shouldDisplay, subcommands, defaultSubcommand, arguments
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    name = try container.decode(String.self, forKey: .commandName)
    discussion = try container.decodeIfPresent(String.self, forKey: .discussion)
    isShown = try container.decodeIfPresent(Bool.self, forKey: .shouldDisplay) ?? true
    // The parser describes its own command `help` too, behind that of this program.
    var names: Set<String> = []
    subcommands = (try container.decodeIfPresent([Self].self, forKey: .subcommands) ?? []).filter {
      names.insert($0.name).inserted
    }
    defaultSubcommand = try container.decodeIfPresent(String.self, forKey: .defaultSubcommand)
    arguments = try container.decodeIfPresent([CommandTable.Argument].self, forKey: .arguments) ?? []
  }
}

extension CommandTable.Argument {
  private enum Key: String, CodingKey { case kind, names, isRepeating, parsingStrategy }

  private struct Name: Decodable {
    let kind: String
    let name: String
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    kind = try container.decode(Kind.self, forKey: .kind)
    names =
      try container.decodeIfPresent([Name].self, forKey: .names)?.map {
        ($0.kind == "long" ? "--" : "-") + $0.name
      } ?? []
    isRepeating = try container.decodeIfPresent(Bool.self, forKey: .isRepeating) ?? false
    takesSeveral = try container.decodeIfPresent(String.self, forKey: .parsingStrategy) == "upToNextOption"
  }
}
