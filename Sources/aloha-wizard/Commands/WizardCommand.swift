import ArgumentParser
import Engine
import Wizard

struct WizardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wizard", abstract: "Open the wizard on this server.")

  @OptionGroup var server: ServerOptions

  @Option(help: "Folder of the other server, where it is on this machine, too.")
  var target: String?

  @Option(help: "A theme's name or file.")
  var theme: String?

  @Flag(help: "Draw with ASCII characters only.")
  var ascii = false

  @Flag(help: "Use no colours.")
  var noColor = false

  func run() throws {
    var options = WizardOptions()
    options.source = server.root
    options.target = target
    options.brand = server.brand
    options.theme = theme
    options.ascii = ascii
    options.noColor = noColor
    if let text = try Wizard.run(options) { StandardStream.output(text) }
  }
}
