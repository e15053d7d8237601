import ArgumentParser
import Common
import Glibc
import Sandbox
import Wizard

struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Make two throw-away servers with a sample organization and open the wizard on them.",
    discussion: Examples.after(
      """
      Needs no root rights and touches nothing outside its folder: a PostgreSQL of its own, two Aloha servers, an \
      organization with realistic data. All its processes are stopped at the end.
      """,
      "demo", "demo --serve --dir ~/aloha-demo --messages 5000"))

  private static let usualMessages = 500

  @Option(help: ArgumentHelp("The folder of the servers; kept until the next demo replaces it.", valueName: "folder"))
  var dir: String = "/tmp/aloha-demo"

  @Option(help: "Number of messages of the sample organization.")
  var messages = Self.usualMessages

  @Flag(help: "Do not open the wizard: keep the servers running until Ctrl-C, to try commands on them.")
  var serve = false

  @Option(
    help: ArgumentHelp("The goal that the wizard starts with; menu for the list of all goals.", valueName: "goal"))
  var goal: String = "move"

  @OptionGroup var looks: LookOptions

  func validate() throws {
    try OptionRule.paths([("--dir", dir)])
    guard (0...10_000_000).contains(messages) else { throw ValidationError("--messages is a number up to 10,000,000.") }
  }

  func run() throws {
    if goal != "menu" { try Wizard.requireGoal(goal) }
    let sandbox = try Sandbox.demo(directory: FileSystem.absolute(dir), messages: messages) {
      StandardStream.error("  \($0) …\n")
    }
    defer { sandbox.stop() }
    let end = Result {
      if serve {
        StandardStream.output(card(sandbox)?.start ?? "")
        while !Interruption.cancellation.isCancelled { pause() }
      } else {
        try looks.open(
          goal == "menu" ? nil : goal, source: "\(sandbox.directory)/old-server",
          target: "\(sandbox.directory)/new-server", runsInThisProcess: true, archiveFolder: sandbox.directory)
      }
    }
    // Read while the database runs; the card promises that it is stopped.
    let outcome = try? sandbox.outcome()
    sandbox.stop()
    // A second card: the name of an archive in the first one may be in use now.
    if let card = card(sandbox) { StandardStream.output("\n" + card.end(outcome)) }
    try end.get()
  }

  private func card(_ sandbox: Sandbox) -> DemoCard? {
    sandbox.guide(program: Self.program).map { DemoCard(guide: $0, again: again, serving: serving) }
  }

  /// The command line that started this demo.
  private var again: String { ShellWord.quoted(words: [Self.program] + CommandLine.arguments.dropFirst()) }

  /// The command line that keeps the servers of this demo running; nil if that is ``again``.
  private var serving: String? {
    guard !serve else { return nil }
    let size = messages == Self.usualMessages ? [] : ["--messages", "\(messages)"]
    return ShellWord.quoted(words: [Self.program, "demo", "--serve", "--dir", FileSystem.absolute(dir)] + size)
  }

  /// The word that starts this program in the operator's shell: its path if it was started by a path.
  private static var program: String {
    guard let word = CommandLine.arguments.first, word.contains("/") else { return Program.name }
    return word
  }
}
