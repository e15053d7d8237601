import ArgumentParser
import Common
import Engine

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Import an exported organization into this server.")

  @OptionGroup var server: ServerOptions

  @Argument(help: "The new organization's subdomain; '' is the root domain.")
  var subdomain: String

  @Argument(help: "The archive: a .tar.gz, or the folder that it was unpacked into.")
  var archive: String

  func run() throws {
    let operation = ImportOperation(
      try server.installation(), ImportOperation.Options(subdomain: subdomain, archive: archive))
    let s = try operation.run(progress: Progress { print($0) })
    print(s)
  }
}
