import ArgumentParser
import Common
import Engine

struct ServerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "server", abstract: "Start, stop and restart the server; look whether its queues are empty.",
    subcommands: [Start.self, Stop.self, Restart.self, Queues.self])

  struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Start the server by its own script.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    func run() throws { try output.run(.script(server: server.reference, .start)) }
  }

  struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Stop the server by its own script.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    func run() throws { try output.run(.script(server: server.reference, .stop)) }
  }

  struct Restart: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Restart the server by its own script.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    func run() throws { try output.run(.script(server: server.reference, .restart)) }
  }

  struct Queues: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Look whether the message queues are empty, as they should be before a move.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: JSONOption

    func run() throws {
      let finding = MessageQueues(try server.installation()).finding()
      if output.json { return StandardStream.output(JSONText.of(finding)) }
      StandardStream.output("\(finding.severity.rawValue): \(finding.subject): \(finding.reason)\n")
      if let remedy = finding.remedy { StandardStream.output("  What to do: \(remedy)\n") }
    }
  }
}
