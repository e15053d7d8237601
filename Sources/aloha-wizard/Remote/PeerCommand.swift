import ArgumentParser
import Remote

/// The hidden commands by which this program on one machine asks the same program on another one.
struct PeerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peer", shouldDisplay: false, subcommands: [Hello.self])

  struct Hello: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    func run() throws { StandardStream.output(PeerHello.own.line + "\n") }
  }
}
