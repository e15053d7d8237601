import Common

/// A command line of this program.
public struct ProgramCommand: Sendable, Equatable {
  /// The words without the program's name and the options that select the server.
  public let words: [String]
  public let server: ServerReference

  public init(_ words: [String], on server: ServerReference) {
    self.words = words
    self.server = server
  }

  /// The command line for a shell.
  public var text: String { Program.command(words, root: server.root, brand: server.brand?.rawValue) }

  /// All words after the program's name, as a shell passes them.
  public var arguments: [String] { words + Program.serverWords(root: server.root, brand: server.brand?.rawValue) }
}
