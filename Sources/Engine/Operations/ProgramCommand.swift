import Common

/// A command of this program, as words.
public struct ProgramCommand: Sendable, Equatable {
  /// Without the program's name and without the options that name the server.
  public let words: [String]
  public let server: ServerReference

  public init(_ words: [String], on server: ServerReference) {
    self.words = words
    self.server = server
  }

  /// Ready to be copied into a shell.
  public var text: String { Program.command(words, root: server.root, brand: server.brand?.rawValue) }

  /// All words behind the program's name, as a shell would hand them over.
  public var arguments: [String] { words + Program.serverWords(root: server.root, brand: server.brand?.rawValue) }
}
