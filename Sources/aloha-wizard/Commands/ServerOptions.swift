import ArgumentParser
import Common
import Engine

/// Which server a command works on.
struct ServerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Take this folder for /: FOLDER/etc/aloha, FOLDER/home/aloha … (as on the servers that demo makes).",
      valueName: "folder"))
  var root: String = "/"

  @Option(help: "aloha or zulip; recognised from the configuration unless given.")
  var brand: Brand?

  func installation() throws -> Installation {
    try Installation(root: root, brand: brand)
  }
}

extension Brand: ExpressibleByArgument {}
