import ArgumentParser
import Common
import Engine
import Wizard

struct WizardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wizard", abstract: "Open the wizard on this server (what happens without a command).")

  @OptionGroup var server: ServerOptions
  @OptionGroup var looks: LookOptions

  @Option(help: ArgumentHelp("The other server, where it is on this machine too.", valueName: "folder"))
  var target: String?

  @Flag(help: "Print an answers file with every key that there is, and a word about each.")
  var answersTemplate = false

  func run() throws {
    if answersTemplate {
      var options = WizardOptions()
      options.source = server.root
      options.target = target
      options.brand = server.brand
      return StandardStream.output(Wizard.answersTemplate(options))
    }
    try looks.open(source: server.root, target: target, brand: server.brand)
  }
}
