import ArgumentParser

@main
struct AlohaWizard: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "aloha-wizard")
}
