/// A server by its root folder.
public struct ServerReference: Sendable, Codable, Equatable {
  /// `/` in production.
  public var root: String
  public var brand: Brand?

  public init(root: String, brand: Brand? = nil) {
    self.root = root
    self.brand = brand
  }

  public init(_ installation: Installation) {
    root = installation.root.isEmpty ? "/" : installation.root
    brand = installation.brand
  }

  public func installation() throws -> Installation { try Installation(root: root, brand: brand) }
}
