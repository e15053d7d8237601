/// A server, identified by its root folder, in operations, jobs and command lines.
public struct ServerReference: Sendable, Codable, Equatable {
  /// "/" in production.
  public var root: String
  public var brand: Brand?

  public init(root: String, brand: Brand? = nil) {
    self.root = root
    self.brand = brand
  }
}
