import ArgumentParser
import Common
import Engine

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Verify an archive to its last byte, row and reference.",
    discussion: Examples.after(
      """
      Every digest is compared, every row is parsed, and every reference between rows, records and files must have its \
      other end. Archives without digests, those of the server's own commands, are checked by their structure.

      An encrypted backup is decrypted while it is read, with --identity. Without the private key only the .sha256 beside \
      it is compared: that proves that the file is what backup has written, and nothing about its content.

      With --against-server it also says whether this server could import it: migrations, subdomain, space, system bots.
      """,
      "verify lagoon.tar.gz", "verify lagoon.tar.gz --against-server --subdomain harbour"))

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  @OptionGroup var key: IdentityOption

  @Argument(help: "The archive: a .tar.gz, an encrypted .age, or the folder that it was unpacked into.")
  var archive: String

  @OptionGroup var transfer: TransferOptions

  @Flag(help: "Compare it with this server too.")
  var againstServer = false

  @Option(help: "With --against-server: the subdomain that it would get; by default its present one.")
  var subdomain: String?

  func validate() throws {
    try OptionRule.paths([("The archive", archive)])
    try OptionRule.check("--subdomain", subdomain, InputRule.subdomain)
    guard subdomain == nil || againstServer else { throw ValidationError("--subdomain needs --against-server.") }
  }

  func run() throws {
    var options = VerifyOperation.Options(archive: FileSystem.absolute(archive), identity: key.path)
    options.subdomain = subdomain
    try output.look(VerifyOperation(options, server: againstServer ? try server.installation() : nil))
  }
}
