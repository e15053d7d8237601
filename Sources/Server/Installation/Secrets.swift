import Common

/// The server's secrets file. Values are returned as ``Common/Secret`` only.
public struct Secrets: Sendable {
  private let values: [String: Secret]

  /// Creates an empty instance.
  public init() { values = [:] }

  package init(_ values: [String: Secret]) { self.values = values }

  public init(_ file: ConfFile) {
    values = Dictionary(
      file.keys(of: "secrets").map { ($0, Secret(file.value("secrets", $0) ?? "")) },
      uniquingKeysWith: { first, _ in first })
  }

  public subscript(_ name: String) -> Secret? { values[name] }

  public var names: [String] { values.keys.sorted() }
}
