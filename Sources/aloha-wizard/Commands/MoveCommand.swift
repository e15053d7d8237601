import ArgumentParser
import Common
import Engine
import Operations
import Remote
import Server
import Transfer

struct MoveCommand: OperationCommand {
  static let configuration = CommandConfiguration(
    commandName: "move", abstract: "Move an organization to another server, on this machine or on another one.",
    discussion: Examples.after(
      """
      --root is the old server, --to the new one; either can be on another machine, reached over SSH: \
      ssh://[user@]host[:port][/folder]. The same program does the work there. The archive is streamed, and continued at \
      the same byte when the connection was lost.

      The organization is on the new server as a whole, or not at all. If anything fails before, an organization that was \
      deactivated for the move is reactivated.
      """,
      "move -r lagoon --to ssh://root@chat.example.com --deactivate",
      "move -r lagoon --to /srv/new-server --dry-run"))

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var organization: OrganizationOption

  @Option(
    help: ArgumentHelp("The new server: a root folder, or ssh://[user@]host[:port][/folder].", valueName: "server"))
  var to: String

  @Option(help: "The subdomain on the new server; by default the present one. '' is the root domain.")
  var subdomain: String?

  @Flag(help: "Deactivate the old organization first, so that no message is lost. It is not deleted.")
  var deactivate = false

  @Flag(help: "Allow a subdomain that servers reserve.")
  var allowReservedSubdomain = false

  @Flag(help: "Stop the new server during the import, if memory is scarce, and start it again.")
  var stopServer = false

  @Option(
    name: .customLong("copy-secret"),
    help: ArgumentHelp(
      "Copy this secret from the old server; can be given several times. See the advice of: settings compare.",
      valueName: "name"))
  var secrets: [String] = []

  @Option(
    help: ArgumentHelp(
      "The archive on this machine, if the new server is on it; by default a generated name in /tmp.",
      valueName: "file"))
  var archive: String?

  @OptionGroup var transfer: TransferOptions

  @Flag(help: "Show the plan and the findings of the checks; change nothing.")
  var dryRun = false

  func validate() throws {
    try OptionRule.archive("--archive", archive)
    if let subdomain { try OptionRule.check("--subdomain", subdomain, InputRule.subdomain) }
    guard !to.isEmpty else { throw ValidationError("--to is the folder of a server, or its address.") }
    if RemoteAddress.isMeant(to) {
      do { _ = try RemoteAddress(to) } catch let failure as PlainFailure {
        throw ValidationError("--to: \(failure.subject) \(failure.reason). \(failure.remedy ?? "")")
      }
    } else {
      try OptionRule.check("--to", to, InputRule.path)
    }
  }

  func run() throws {
    // Connections are opened here, where ssh can ask; the job uses them.
    let opened = try ([server.root, to].filter { RemoteAddress.isMeant($0) }).map { text in
      try RemoteServer.open(
        RemoteAddress(text), .ofCommand(copies: server.copyProgram, json: output.json),
        cancellation: Interruption.cancellation)
    }
    defer { for server in opened { server.close() } }
    try output.perform(operation(copied: opened.contains { $0.isCopied }), dryRun: dryRun)
  }

  func operation() throws -> any Operation { try operation(copied: server.copyProgram) }

  private func operation(copied: Bool) throws -> any Operation {
    let source = RemoteAddress.isMeant(server.root) ? server.root : server.reference.root
    let target = RemoteAddress.isMeant(to) ? to : FileSystem.absolute(to)
    var decisions = MoveDecisions(
      source: source, target: target, organization: organization.realm,
      archive: archive.map { FileSystem.absolute($0) } ?? ExportOperation.newOutput(server.brand ?? .aloha),
      subdomain: subdomain ?? organization.realm, allowsReserved: allowReservedSubdomain, deactivates: deactivate,
      secrets: Dictionary(secrets.map { ($0, .copy) }) { first, _ in first }, stopsTarget: stopServer)
    decisions.wasDeactivated = try MoveOperation(decisions, brand: server.brand).isDeactivated()
    decisions.bytesPerSecond = transfer.rate?.bytesPerSecond
    decisions.copiesProgram = copied ? true : nil
    return MoveOperation(decisions, brand: server.brand)
  }
}
