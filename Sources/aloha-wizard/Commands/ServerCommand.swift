import Administration
import ArgumentParser
import Common
import Engine
import Operations

struct ServerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "server",
    abstract: "Start, stop, restart, register and clean the server; check whether its queues are empty.",
    discussion: Examples.after("", "server queues", "server restart"),
    subcommands: [Start.self, Stop.self, Restart.self, Queues.self, Register.self, Clean.self])

  struct Start: OperationCommand {
    static let configuration = CommandConfiguration(
      abstract: "Start the server by its own script.",
      discussion: Examples.after("", "server start", "server start --json"))
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    func run() throws { try output.run(operation()) }
    func operation() -> any Operation { ScriptOperation(server.reference, .start) }
  }

  struct Stop: OperationCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stop the server by its own script.",
      discussion: Examples.after("", "server stop", "server stop --root /tmp/aloha-demo/old-server"))
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    func run() throws { try output.run(operation()) }
    func operation() -> any Operation { ScriptOperation(server.reference, .stop) }
  }

  struct Restart: OperationCommand {
    static let configuration = CommandConfiguration(
      abstract: "Restart the server by its own script.",
      discussion: Examples.after("", "server restart", "server restart --detach"))
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    func run() throws { try output.run(operation()) }
    func operation() -> any Operation { ScriptOperation(server.reference, .restart) }
  }

  struct Register: OperationCommand {
    static let configuration = CommandConfiguration(
      abstract: "Register the server with the push notification service, by its own command.",
      discussion: Examples.after(
        """
        The service receives the host name, the administrator's address and statistics of each organization. It is \
        contacted only with --agree-to-push-terms, by which you agree to its terms; to read them first, run \
        manage.py register_server by hand.
        """,
        "server register --agree-to-push-terms", "server register --agree-to-push-terms --json"))
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "I agree to the terms of the push notification service.")
    var agreeToPushTerms = false

    func validate() throws {
      guard agreeToPushTerms else {
        throw ValidationError(
          "Registration means agreeing to the service's terms: confirm it with "
            + "--agree-to-push-terms.")
      }
    }

    func run() throws { try output.run(operation()) }
    func operation() -> any Operation { ScriptOperation(server.reference, .registerForPush) }
  }

  struct Clean: OperationCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete leftovers of interrupted commands: unpacked archives, work folders, unfinished files.",
      discussion: Examples.after(
        "Every command that changes something does this first. Files in use are not touched.",
        "server clean --dry-run", "server clean --root /tmp/aloha-demo/new-server"))
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Show what would be deleted; change nothing.")
    var dryRun = false

    func run() throws { try output.perform(operation(), dryRun: dryRun) }
    func operation() -> any Operation { RemoveLeftoversOperation(server.reference) }
  }

  struct Queues: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check whether the message queues are empty, as they should be before a move.",
      discussion: Examples.after("", "server queues", "server queues --json"))
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: JSONOption

    func run() throws {
      let finding = MessageQueues(try server.installation()).finding()
      if output.json {
        StandardStream.json(JSONText.of("checked", finding))
      } else {
        StandardStream.output("\(finding.severity.rawValue): \(finding.subject): \(finding.reason)\n")
        if let remedy = finding.remedy { StandardStream.output("  What to do: \(remedy)\n") }
      }
      if finding.id == .unknown { throw ExitCode(FailureFamily.command.rawValue) }
    }
  }
}
