import Administration
import ArgumentParser
import Engine
import Remote

/// The hidden commands by which this program on one machine asks the same program on another one.
struct PeerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peer", shouldDisplay: false,
    subcommands: [Hello.self, Ask.self, Configuration.self, Send.self, Receive.self, Read.self, Discard.self])

  struct Hello: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    func run() { StandardStream.output(PeerHello.own.line + "\n") }
  }

  /// Answers a request of the other machine.
  struct Ask: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    func run() throws {
      guard let line = readLine(strippingNewline: true) else { return }
      StandardStream.raw(PeerDesk.answer(to: Array(line.utf8), cancellation: Interruption.cancellation))
    }
  }

  /// Sends the settings of this server to the other machine, as far as it needs them.
  struct Configuration: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)
    @OptionGroup var server: ServerOptions

    func run() throws {
      guard let line = readLine(strippingNewline: true) else { return }
      let source = try ConfigurationSource(server.reference.root)
      StandardStream.raw(try RemoteConfiguration.answer(line, from: source))
    }
  }

  /// Connects the other machine with the stream of a job.
  struct Send: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)
    @Argument var path: String

    func run() throws { try StreamRelay.run(path) }
  }

  /// Receives a file of the other machine.
  struct Receive: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)
    @Argument var id: String

    func run() throws { try IncomingFiles.receive(id) }
  }

  /// Sends a file to the other machine.
  struct Read: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)
    @Argument var path: String
    @Argument var offset: Int64

    func run() throws { try StreamRelay.send(FileStream(path), from: offset) }
  }

  /// Deletes a received file.
  struct Discard: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)
    @Argument var id: String

    func run() throws { try IncomingFiles.discard(id) }
  }
}
