import Common
import Operations

extension ServerReference {
  public init(_ installation: Installation) {
    self.init(root: installation.root, brand: installation.brand)
  }

  /// Reads the server's configuration: an operation works with the settings of the moment in which it begins.
  ///
  /// - Throws: `.configuration`; `.usage` for a server on another machine.
  public func installation() throws -> Installation {
    if let remote {
      throw PlainFailure(
        .usage, remote.text, "is a server on another machine, which is not possible here",
        remedy: "run the command there, or with --root \(ShellWord.quoted(remote.text))")
    }
    return try Installation(root: root, brand: brand)
  }
}
