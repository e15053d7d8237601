import ArgumentParser
import Common

/// The private key for an encrypted archive.
struct IdentityOption: ParsableArguments {
  @Option(help: ArgumentHelp("age's private key, for an encrypted archive.", valueName: "file"))
  private var identity: String?

  func validate() throws {
    if let identity, let problem = InputRule.path(identity) { throw ValidationError("--identity: \(problem).") }
  }

  /// From the root: a job's process works in another folder.
  var path: String? { identity.map { FileSystem.absolute($0) } }
}
