import Common

/// A server, identified by its root folder, in operations, jobs and command lines.
///
/// The root is resolved when the value is made or read from a job, so that every path of one folder names one server.
public struct ServerReference: Sendable, Codable, Equatable {
  /// "/" in production; otherwise as ``Common/RootFolder/path``. The text of a ``Common/RemoteAddress`` for a server on
  /// another machine.
  public let root: String
  public let brand: Brand?

  private enum CodingKeys: String, CodingKey {
    case root, brand
  }

  public init(root: String, brand: Brand? = nil) {
    self.root = Self.normalized(root)
    self.brand = brand
  }

  /// Creates the reference to a server on another machine as it is called there: nothing is resolved here.
  public init(there address: RemoteAddress, brand: Brand? = nil) {
    root = address.root
    self.brand = brand
  }

  /// The address of a server on another machine; nil for one on this machine.
  public var remote: RemoteAddress? { RemoteAddress.isMeant(root) ? try? RemoteAddress(root) : nil }

  /// Returns the only form of a root folder or of an address.
  public static func normalized(_ root: String) -> String {
    RemoteAddress.isMeant(root) ? (try? RemoteAddress(root).text) ?? root : RootFolder(root).path
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      root: try container.decode(String.self, forKey: .root),
      brand: try container.decodeIfPresent(Brand.self, forKey: .brand))
  }
}
