import Operations

/// The settings of a server as another machine gets them. Values of secrets are marks, but for those that were decided to
/// be copied; so it is never written into a file or a log.
public struct ConfigurationSnapshot: Sendable, Codable {
  let label: String
  let brand: Brand
  /// The text of settings.py; nil where there is none.
  let settings: String?
  /// The text of the machine's configuration; nil where there is none.
  let configuration: String?
  /// By name.
  let secrets: [String: String]
}

/// The request for a ``ConfigurationSnapshot``.
public struct ConfigurationRequest: Sendable, Codable {
  /// The key of the marks, made for one comparison.
  public let key: String
  /// The names of secrets and settings whose values are needed.
  public let revealed: Set<String>

  public init(key: String, revealed: Set<String>) {
    self.key = key
    self.revealed = revealed
  }
}

/// A ``ConfigurationSnapshot`` with the key of its marks, for a machine that has not asked for it.
public struct ConfigurationDelivery: Sendable, Codable {
  public let key: String
  public let snapshot: ConfigurationSnapshot

  public init(key: String, snapshot: ConfigurationSnapshot) {
    self.key = key
    self.snapshot = snapshot
  }
}
