import Common
import Operations

/// The operations that can run as jobs, by kind.
///
/// To add one, add its folder and its line in ``OperationCatalog/standard``.
public struct OperationCatalog: Sendable, Equatable {
  private let types: [String: any Operation.Type]

  public init(_ types: [any Operation.Type]) {
    self.types = Dictionary(types.map { ($0.kind, $0) }) { first, _ in first }
  }

  /// Returns the catalog with additional operations.
  public func adding(_ types: [any Operation.Type]) -> OperationCatalog {
    OperationCatalog(Array(self.types.values) + types)
  }

  public var kinds: [String] { types.keys.sorted() }

  public static func == (left: OperationCatalog, right: OperationCatalog) -> Bool { left.kinds == right.kinds }

  /// Returns the catalog of a decoder; ``standard`` by default.
  init(of decoder: any Decoder) {
    self = StoredOperation.catalog.flatMap { decoder.userInfo[$0] as? OperationCatalog } ?? .standard
  }

  func type(_ kind: String) -> (any Operation.Type)? { types[kind] }
}

/// An operation as JSON: `{"export": {"server": {…}, "options": {…}}}`, one member named by its kind.
struct StoredOperation: Codable {
  let operation: any Operation

  init(_ operation: any Operation) { self.operation = operation }

  private struct Kind: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// The key of the ``OperationCatalog`` in a decoder.
  static let catalog = CodingUserInfoKey(rawValue: "operations")

  init(from decoder: any Decoder) throws {
    let catalog = OperationCatalog(of: decoder)
    let container = try decoder.container(keyedBy: Kind.self)
    guard let kind = container.allKeys.first, let type = catalog.type(kind.stringValue) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "an operation of a kind that is not known"))
    }
    operation = try container.decode(type, forKey: kind)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Kind.self)
    try container.encode(operation, forKey: Kind(stringValue: type(of: operation).kind))
  }
}
