import ArgumentParser
import Common
import Engine

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check an archive to its last byte, row and reference.",
    discussion: """
      Every digest is compared, every row is parsed, and every reference between rows, records and files must have its \
      other end. Archives without digests, those of the server's own commands, are checked by their structure.

      With --against-server it also says whether this server could import it: migrations, subdomain, space, system bots.
      """)

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  @Argument(help: "The archive: a .tar.gz, or the folder that it was unpacked into.")
  var archive: String

  @Flag(help: "Hold it against this server too.")
  var againstServer = false

  @Option(help: "With --against-server: the subdomain that it would get; by default the one that it has.")
  var subdomain: String?

  func run() throws {
    var options = VerifyOperation.Options(archive: archive)
    options.subdomain = subdomain
    try output.look(VerifyOperation(options, server: againstServer ? try server.installation() : nil))
  }
}
