import ArgumentParser
import Common
import Glibc
import Operations
import Transfer

struct ExportCommand: OperationCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Export an organization into an archive.",
    discussion: Examples.after(
      """
      The archive has the server's own export format: its official importer and the command import read it. It gets its \
      name when it is complete and was read back.

      To keep public channels as web pages, use the HTML archive tool: https://github.com/zulip/zulip-archive.
      """,
      "export -r lagoon --output ~/lagoon.tar.gz",
      "--root ssh://chat.example.com export -r lagoon"))

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  @OptionGroup var organization: OrganizationOption

  @Option(
    name: .customLong("output"),
    help: ArgumentHelp(
      "The archive to write; - for standard output; by default a generated name in /tmp.", valueName: "file"))
  var file: String?

  /// For a program on another machine.
  @Option(help: .hidden) var stream: ExportOperation.Options.Stream?

  @OptionGroup var transfer: TransferOptions

  @Flag(help: "Deactivate the organization first, so that no new messages arrive; in the archive it is active.")
  var deactivate = false

  @Flag(help: "Only messages of public channels.")
  var publicOnly = false

  @Flag(help: "Public channels, and private data of people who have consented to its export.")
  var withConsent = false

  @Option(
    help: ArgumentHelp(
      "With --with-consent on older servers: people who reacted with the outbox emoji to this message have consented.",
      valueName: "id"))
  var consentMessage: Int64?

  @Option(help: "Sessions that read at the same time (1 to 32); by default one for each processor, four at most.")
  var parallel: Int?

  @Option(help: "Compression, 1 (fast) to 9 (small).")
  var level = 1

  @Flag(help: "Stop at a file that cannot be read, instead of skipping and naming it.")
  var strict = false

  @Option(
    help: ArgumentHelp(
      "For an import in the cloud under this subdomain: checks the version, and shows what to hand over.",
      valueName: "subdomain"))
  var forCloud: String?

  @Flag(help: "Show the plan and the findings of the checks; change nothing.")
  var dryRun = false

  func validate() throws {
    guard !(publicOnly && withConsent) else {
      throw ValidationError("Choose one of --public-only and --with-consent.")
    }
    guard withConsent || consentMessage == nil else {
      throw ValidationError("--consent-message needs --with-consent.")
    }
    if file != Self.standardOutput { try OptionRule.archive("--output", file) }
    guard consentMessage ?? 1 > 0 else { throw ValidationError("--consent-message is the number of a message.") }
    if let forCloud, let reason = CloudTransfer.objection(to: forCloud) {
      throw ValidationError("--for-cloud: \(reason).")
    }
    guard (1...9).contains(level) else { throw ValidationError("--level is a number from 1 to 9.") }
    guard (1...32).contains(parallel ?? 1) else { throw ValidationError("--parallel is a number from 1 to 32.") }
  }

  /// The value of --output for standard output.
  static let standardOutput = "-"

  func run() throws {
    guard file == Self.standardOutput, !dryRun else { return try output.perform(operation(), dryRun: dryRun) }
    guard isatty(STDOUT_FILENO) == 0 else {
      throw ValidationError("--output -: standard output is a terminal; lead it into a file or to another program.")
    }
    try output.runBesideStream(operation())
  }

  func operation() throws -> any Operation {
    var options = ExportOperation.Options(subdomain: organization.realm)
    options.stream = file == Self.standardOutput ? .standardOutput : stream
    if options.stream == nil { options.output = file.map { FileSystem.absolute($0) } }
    options.deactivates = deactivate
    options.publicOnly = publicOnly
    if withConsent { options.consent = consentMessage.map { .byReactions(message: $0) } ?? .bySetting }
    options.parallel = parallel
    options.level = level
    options.strict = strict
    options.handOver = forCloud.map { CloudTransfer(subdomain: $0) }
    if file == nil, stream == nil { options.output = ExportOperation.newOutput(try server.installation().brand) }
    return ExportOperation(server.reference, options)
  }
}

extension ExportOperation.Options.Stream: ExpressibleByArgument {}
