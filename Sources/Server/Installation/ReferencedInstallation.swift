import Operations

extension ServerReference {
  public init(_ installation: Installation) {
    self.init(root: installation.root, brand: installation.brand)
  }

  /// Reads the server's configuration: an operation works with the settings of the moment in which it begins.
  ///
  /// - Throws: `.configuration`.
  public func installation() throws -> Installation { try Installation(root: root, brand: brand) }
}
