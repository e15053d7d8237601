import ArgumentParser
import Common

extension CommandTable {
  /// Creates the part of the table that a valid command line needs: its own command. The description of all commands
  /// takes longer than everything else before the wizard's first screen.
  ///
  /// - Returns: nil if the first words do not lead to one command, so that the whole table is needed.
  init?(for words: [String], of program: any ParsableCommand.Type) throws {
    var types: [any ParsableCommand.Type] = [program]
    var rest = words[...]
    while let word = rest.first, let next = types[types.count - 1].subcommand(word) {
      types.append(next)
      rest.removeFirst()
    }
    if types.count == 1 {
      // Options before the command need the whole table; without a command the default one is run.
      guard let implied = program.configuration.defaultSubcommand,
        !words.contains(where: { program.subcommand($0) != nil })
      else { return nil }
      types.append(implied)
    }
    let last = types[types.count - 1]
    guard last.configuration.subcommands.isEmpty, last._commandName != CommandWords.help else { return nil }
    root = try types.dropLast().reversed().reduce(Self.description(of: last).alone) { below, type in
      Command(
        name: type._commandName, discussion: nil, isShown: true,
        subcommands: type.configuration.subcommands.map { other in
          other._commandName == below.name ? below : Command(named: other._commandName)
        }, defaultSubcommand: type.configuration.defaultSubcommand?._commandName, arguments: [])
    }
  }

  /// Whether a valid command line calls a command and needs nothing of what ``CommandWords`` does: its options are behind
  /// the command, and none is given twice.
  ///
  /// - Parameter command: one without short names of options.
  static func isPlain(
    _ words: [String], for command: any ParsableCommand.Type, of program: any ParsableCommand.Type
  ) -> Bool {
    let isNamed = words.first == command._commandName
    let isImplied = program.configuration.defaultSubcommand == command
    let rest = isNamed ? words.dropFirst() : words[...]
    guard isNamed || isImplied, isNamed || !rest.contains(where: { program.subcommand($0) != nil }) else {
      return false
    }
    let options = rest.filter { $0.hasPrefix("-") }.map { $0.prefix { $0 != "=" } }
    return options.allSatisfy { $0.hasPrefix("--") } && Set(options).count == options.count
  }
}

extension CommandTable.Command {
  /// The command without the `help` that the parser adds below a command that is described by itself.
  fileprivate var alone: Self {
    Self(
      name: name, discussion: discussion, isShown: isShown, subcommands: [], defaultSubcommand: nil,
      arguments: arguments)
  }

  /// A command of which only the name is needed.
  fileprivate init(named name: String) {
    self.init(name: name, discussion: nil, isShown: true, subcommands: [], defaultSubcommand: nil, arguments: [])
  }
}

extension ParsableCommand {
  fileprivate static func subcommand(_ name: String) -> (any ParsableCommand.Type)? {
    configuration.subcommands.first { $0._commandName == name }
  }
}
