/// A server by its root folder: how operations, jobs and command lines name it.
public struct ServerReference: Sendable, Codable, Equatable {
  /// `/` in production.
  public var root: String
  public var brand: Brand?

  public init(root: String, brand: Brand? = nil) {
    self.root = root
    self.brand = brand
  }
}
