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

  @Option(help: ArgumentHelp("The folder of the servers; kept until the next demo replaces it.", valueName: "folder"))
  var dir: String = "/tmp/aloha-demo"

  @Option(help: "Number of messages of the sample organization.")
  var messages = 500

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
    let old = "\(sandbox.directory)/old-server"
    let new = "\(sandbox.directory)/new-server"
    guard serve else {
      return try looks.open(
        goal == "menu" ? nil : goal, source: old, target: new, runsInThisProcess: true, archiveFolder: sandbox.directory
      )
    }
    StandardStream.output(
      """
      Two servers are running until you press Ctrl-C:
        --root \(old)   with an organization to move
        --root \(new)   freshly installed

      """)
    while !Interruption.cancellation.isCancelled { pause() }
  }
}
