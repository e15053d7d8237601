import ArgumentParser
import Common

@main
struct AlohaWizard: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Program.name,
    abstract: "Moves, backs up, restores and cleans up organizations of an Aloha chat server.",
    version: Program.nameAndVersion,
    subcommands: [ExportCommand.self, ImportCommand.self])
}
