import ArgumentParser
import Common
import Operations
import Transfer

struct ImportCommand: OperationCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Import an exported organization into this server.",
    discussion: Examples.after(
      """
      The organization is imported as a new one, with new ids, in one transaction: completely or not at all. Exports of \
      the server's own command are accepted too.
      """,
      "import lagoon lagoon.tar.gz --dry-run", "import harbour /var/tmp/lagoon.tar.gz --report harbour-report"))

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  @Argument(help: "The new organization's subdomain; '' is the root domain.")
  var subdomain: String

  @Argument(
    help: "The archive: a .tar.gz, or the folder that it was unpacked into; - for standard input; or ssh://host/file.")
  var archive: String

  @OptionGroup var transfer: TransferOptions

  @Flag(help: "Allow a subdomain that servers reserve.")
  var allowReservedSubdomain = false

  @Flag(help: "Import although both servers have different versions. Data may not fit; use with care.")
  var ignoreVersions = false

  @Flag(help: "Stop the server during the import, if memory is scarce, and start it again.")
  var stopServer = false

  @Option(
    help: ArgumentHelp(
      "Write the report and the map of all old and new ids into this folder (report.json, id-map.jsonl).",
      valueName: "folder"))
  var report: String?

  @Flag(help: "Show the plan and the findings of the checks; change nothing.")
  var dryRun = false

  func validate() throws {
    try OptionRule.check("The subdomain", subdomain, InputRule.subdomain)
    try OptionRule.paths([("The archive", archive), ("--report", report)])
  }

  func run() throws { try output.perform(operation(), dryRun: dryRun) }

  func operation() throws -> any Operation {
    var options = ImportOperation.Options(subdomain: subdomain, archive: FileSystem.absolute(archive))
    options.allowsReservedSubdomain = allowReservedSubdomain
    options.ignoresVersions = ignoreVersions
    options.stopsServer = stopServer
    options.reportFolder = report.map { FileSystem.absolute($0) }
    return ImportOperation(server.reference, options)
  }
}
