import ArgumentParser
import Common
import Engine

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Export an organization into an archive.")

  @OptionGroup var server: ServerOptions

  @Option(name: .shortAndLong, help: "The organization's subdomain; '' is the root domain.")
  var realm: String

  @Option(help: "Where the archive goes; by default a new name in /tmp.")
  var output: String?

  func run() throws {
    var options = ExportOperation.Options(subdomain: realm)
    options.output = output
    let operation = ExportOperation(try server.installation(), options)
    let s = try operation.run(progress: Progress { print($0) })
    print(s)
  }
}
