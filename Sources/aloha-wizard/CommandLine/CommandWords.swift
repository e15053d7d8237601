import Common

/// The words of a command line in the order that the argument parser expects: the command, then its options.
///
/// The parser gives options before the command to the default command. Here they belong to the command that follows, so
/// that `--root X export -r lagoon` is `export -r lagoon --root X`. The words are only moved, never changed. The options
/// that select a server are left out for a command that needs no server: scripts give them to every command.
struct CommandWords: Sendable, Equatable {
  /// The words of the command: ["organization", "delete"]; empty for the program without a command.
  private(set) var command: [String] = []
  /// All words after the program's name.
  private(set) var arguments: [String]

  /// - Parameter goals: the goals of the wizard, which are arguments of the command that is run without a command.
  /// - Throws: `.usage` for an unknown command or option, for an option of another command, and for an option with a
  ///   value that is given twice; it names what was probably meant.
  init(_ words: [String], _ table: CommandTable, goals: [String]) throws {
    arguments = words
    // Requests of a shell, and of tools, to the parser itself.
    guard !words.contains(where: { $0.hasPrefix("---") || Self.passedOn.contains(Self.name($0)) }) else { return }
    var reader = Reader(table, goals)
    try reader.read(words[...])
    command = reader.path.map(\.name)
    arguments = command + reader.used
  }

  /// Returns whether the words ask for JSON, also if they are invalid otherwise.
  static func wantsJSON(_ words: [String]) -> Bool { words.prefix { $0 != "--" }.contains("--json") }

  private static let passedOn: Set<String> = ["--generate-completion-script", "--experimental-dump-help"]
  /// The command whose arguments are the words of another one.
  static let help = "help"
  /// The options that select a server.
  private static let ofServer: Set<String> = ["--root", "--brand", "--copy-program"]
  /// The parser handles these for every command, and nothing else matters then.
  private static let informing: Set<String> = ["--help", "-h", "--help-hidden", "--version"]

  /// Returns whether a word is an option, and not a value like `-`.
  fileprivate static func isOption(_ word: String) -> Bool { word.hasPrefix("-") && word != "-" && word != "--" }

  /// Returns the name of an option, without a value behind `=`.
  fileprivate static func name(_ word: String) -> String { String(word.prefix { $0 != "=" }) }

  private struct Reader {
    let table: CommandTable
    let goals: [String]
    /// The commands that were read so far.
    var path: [CommandTable.Command] = []
    /// The options that were read before the command was complete.
    var leading: [String] = []
    var rest: ArraySlice<String> = []
    /// The places in ``arranged`` of options that mean nothing for the command.
    private var ignored: Set<Int> = []
    private var words: ArraySlice<String> = []

    init(_ table: CommandTable, _ goals: [String]) {
      self.table = table
      self.goals = goals
    }

    private var current: CommandTable.Command { path.last ?? table.root }
    private var label: String { (path.isEmpty ? [Program.name] : path.map(\.name)).joined(separator: " ") }

    /// The words after the command. An option that takes several values must not take the arguments behind it.
    var arranged: [String] {
      let end = rest.firstIndex(of: "--") ?? rest.endIndex
      return Array(rest[..<end]) + leading + Array(rest[end...])
    }

    /// The words of ``arranged`` that the command needs.
    var used: [String] { arranged.enumerated().filter { !ignored.contains($0.offset) }.map(\.element) }

    mutating func read(_ words: ArraySlice<String>) throws {
      self.words = words
      rest = words
      while let word = rest.first, word != "--" {
        if isOption(word) {
          try takeOption()
        } else if path.isEmpty, word == CommandWords.help, let help = current.subcommand(word) {
          path.append(help)
          rest.removeFirst()
          return try checkHelp()
        } else if let next = current.subcommand(word) {
          path.append(next)
          rest.removeFirst()
          if next.subcommands.isEmpty { break }
        } else {
          break
        }
      }
      try checkCommand()
      try checkOptions()
    }

    private mutating func takeOption() throws {
      let word = rest.removeFirst()
      leading.append(word)
      let isKnown = table.option(name(word)) != nil || informing.contains(word) || !word.hasPrefix("--")
      // Whether its next word is a value, and which command follows, is not known either.
      guard isKnown || words.contains(where: { informing.contains($0) }) else {
        throw unknown(option: name(word), among: table.optionNames, of: label)
      }
      guard table.option(name(word))?.takesValue == true, !word.contains("="), let value = rest.first,
        !isOption(value), value != "--"
      else { return }
      leading.append(value)
      rest.removeFirst()
    }

    // MARK: Checks

    /// `help COMMAND` takes the words of a command, and nothing else.
    private mutating func checkHelp() throws {
      try checkOptions()
      var command = table.root
      var words: [String] = []
      for word in used where !isOption(word) {
        guard let next = command.subcommand(word) else {
          throw unknown(
            word, among: command.shownNames, of: words.isEmpty ? nil : words.joined(separator: " "),
            isGroup: !command.subcommands.isEmpty)
        }
        command = next
        words.append(word)
      }
    }

    private func checkCommand() throws {
      guard !current.subcommands.isEmpty else { return }
      let isInformed = leading.contains { informing.contains($0) }
      guard let word = rest.first, word != "--" else {
        // With and without options: a group of commands does nothing by itself.
        guard current.defaultSubcommand == nil, !isInformed else { return }
        throw PlainFailure(
          .usage, label, "a command is missing",
          remedy: "give one of \(current.shownNames.joined(separator: ", ")); see: \(Program.name) help \(label)")
      }
      if let command = implied, command.takesArguments {
        guard path.isEmpty, !goals.contains(word) else { return }
        throw unknown(word, among: current.shownNames + goals, of: nil)
      }
      throw unknown(word, among: current.shownNames, of: path.isEmpty ? nil : label)
    }

    /// The command that runs if none is given.
    private var implied: CommandTable.Command? { current.defaultSubcommand.flatMap { current.subcommand($0) } }

    private mutating func checkOptions() throws {
      let words = arranged.prefix { $0 != "--" }
      guard !words.contains(where: { informing.contains($0) }) else { return }
      let command = implied ?? current
      let called = path.isEmpty ? command.name : label
      var given: Set<String> = []
      var index = 0
      while index < words.count {
        let word = words[index]
        index += 1
        guard isOption(word) else { continue }
        let name = self.name(word)
        let isIgnored = command.option(name) == nil && CommandWords.ofServer.contains(name)
        guard let option = isIgnored ? table.option(name) : command.option(name) else {
          if isCluster(word, of: command) { continue }
          throw table.option(name) == nil
            ? unknown(option: name, among: command.arguments.flatMap(\.names), of: called) : misplaced(name, in: called)
        }
        guard option.takesValue else {
          if isIgnored { ignored.insert(index - 1) }
          continue
        }
        if !word.contains("="), index < words.count, Self.isNegativeNumber(words[index]) {
          throw PlainFailure(
            .usage, name,
            "the value \(SafeText.clean(words[index], limit: .word)) is negative, and the option takes "
              + "no negative numbers",
            remedy: "give a number without a minus sign")
        }
        guard option.isRepeating || given.isDisjoint(with: option.names) else {
          throw PlainFailure(
            .usage, option.names.last ?? name, "the option is given twice",
            remedy: "give it once, before or after the command")
        }
        given.formUnion(option.names)
        if isIgnored { ignored.insert(index - 1) }
        guard !word.contains("=") else { continue }
        if isIgnored {
          guard index < words.count, !isOption(words[index]) else {
            throw PlainFailure(.usage, name, "the value is missing", remedy: "give it behind the option")
          }
          ignored.insert(index)
        }
        repeat {
          if index < words.count, !isOption(words[index]) { index += 1 } else { break }
        } while option.takesSeveral
      }
    }

    /// No option takes one: it is a mistyped value, not an option.
    private static func isNegativeNumber(_ word: String) -> Bool {
      word.hasPrefix("-") && word.utf8.count > 1 && word.utf8.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Several short flags behind one dash.
    private func isCluster(_ word: String, of command: CommandTable.Command) -> Bool {
      !word.hasPrefix("--") && word.dropFirst().allSatisfy { command.option("-\($0)").map { !$0.takesValue } ?? false }
    }

    // MARK: Errors

    /// - Parameter isGroup: whether the command has commands below it.
    private func unknown(
      _ word: String, among names: [String], of command: String?, isGroup: Bool = true
    ) -> PlainFailure {
      let list = command.map { "\(Program.name) help \($0)" } ?? "\(Program.name) --help"
      return PlainFailure(
        .usage, command ?? Program.name,
        "there is no command '\(SafeText.clean(word, limit: .word))'" + (isGroup ? "" : " below this one"),
        remedy: NearestName.question(word, among: names)
          ?? (isGroup ? "see all of them with: \(list)" : "see its help with: \(list)"))
    }

    private func unknown(option name: String, among names: [String], of called: String) -> PlainFailure {
      // Words with one dash can be meant as long options.
      let typed = name.hasPrefix("--") ? name : "-\(name)"
      let long = names.filter { $0.hasPrefix("--") }
      let command = called == Program.name ? called : "\(Program.name) \(called)"
      return PlainFailure(
        .usage, called, "there is no option \(SafeText.clean(name, limit: .word))",
        remedy: NearestName.question(typed, among: long) ?? "see all of them with: \(command) --help")
    }

    private func misplaced(_ name: String, in called: String) -> PlainFailure {
      var remedy = "see its options with: \(Program.name) \(called) --help"
      // A goal of the wizard can have the name of a command.
      if called == current.name, goals.contains(called), let wizard = table.root.defaultSubcommand,
        table.root.subcommand(wizard)?.option(name) != nil
      {
        remedy = "for the wizard write: \(Program.name) \(wizard) \(called) \(name)"
      }
      return PlainFailure(
        .usage, called, "there is no option \(SafeText.clean(name, limit: .word)) for this command", remedy: remedy)
    }

    private func isOption(_ word: String) -> Bool { CommandWords.isOption(word) }
    private func name(_ word: String) -> String { CommandWords.name(word) }
    private var informing: Set<String> { CommandWords.informing }
  }
}
