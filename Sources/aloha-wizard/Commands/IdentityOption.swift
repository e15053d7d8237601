import ArgumentParser
import Common

/// The private key for an encrypted archive.
struct IdentityOption: ParsableArguments {
  @Option(help: ArgumentHelp("age's private key, for an encrypted archive.", valueName: "file"))
  private var identity: String?

  func validate() throws {
    try OptionRule.check("--identity", identity, InputRule.path)
  }

  /// The absolute path: a job's process has another working directory.
  var path: String? { identity.map { FileSystem.absolute($0) } }
}
