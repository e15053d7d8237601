import Common

/// The server's secrets file. Values come out as ``Common/Secret`` only.
public struct Secrets: Sendable {
  private let values: [String: Secret]

  public init(_ file: ConfFile) {
    values = Dictionary(
      uniqueKeysWithValues: file.keys(of: "secrets").map { ($0, Secret(file.value("secrets", $0) ?? "")) })
  }

  public subscript(_ name: String) -> Secret? { values[name] }

  public var names: [String] { values.keys.sorted() }
}
