import ArgumentParser
import Common
import Engine

struct WizardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wizard", abstract: "Open the wizard on this server (what happens without a command).")

  @OptionGroup var server: ServerOptions
  @OptionGroup var looks: LookOptions

  @Option(help: ArgumentHelp("The other server, where it is on this machine too.", valueName: "folder"))
  var target: String?

  func run() throws {
    try looks.open(source: server.root, target: target, brand: server.brand)
  }
}
