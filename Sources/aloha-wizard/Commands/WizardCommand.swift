import ArgumentParser
import Common
import Wizard

struct WizardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wizard", abstract: "Open the wizard on this server (the default without a command).",
    discussion: Examples.after(
      "Goals:\n"
        + Wizard.goals.map { "  \($0.id.padding(16)) \($0.title)" }.joined(separator: "\n"),
      "wizard move --target /srv/new-server", "wizard clean-up --answers clean-up.toml --confirm-delete lagoon"))

  @Argument(help: ArgumentHelp("The goal; without it the menu opens.", valueName: "goal"))
  var goal: String?

  @OptionGroup var server: ServerOptions
  @OptionGroup var queries: LookOptions

  @Option(help: ArgumentHelp("The other server, if it is on this machine too.", valueName: "folder"))
  var target: String?

  @Flag(help: "Print an answers file with every key, each explained.")
  var answersTemplate = false

  func validate() throws { try OptionRule.paths([("--target", target)]) }

  func run() throws {
    if answersTemplate {
      var options = WizardOptions()
      options.goal = goal
      options.source = server.reference.root
      options.target = target
      options.brand = server.brand
      return StandardStream.output(try Wizard.answersTemplate(options))
    }
    try queries.open(goal, source: server.reference.root, target: target, brand: server.brand)
  }
}

extension String {
  fileprivate func padding(_ columns: Int) -> String { self + String(repeating: " ", count: max(0, columns - count)) }
}
