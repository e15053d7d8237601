import Common

/// A server, identified by its root folder, in operations, jobs and command lines.
///
/// The root is resolved when the value is made or read from a job, so that every path of one folder names one server.
public struct ServerReference: Sendable, Codable, Equatable {
  /// "/" in production; otherwise as ``Common/RootFolder/path``.
  public let root: String
  public let brand: Brand?

  private enum CodingKeys: String, CodingKey {
    case root, brand
  }

  public init(root: String, brand: Brand? = nil) {
    self.root = RootFolder(root).path
    self.brand = brand
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      root: try container.decode(String.self, forKey: .root),
      brand: try container.decodeIfPresent(Brand.self, forKey: .brand))
  }
}
