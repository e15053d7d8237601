import Common
import Foundation
import Testing

/// The sample archive, unpacked and edited as JSON, to resemble real archives with irregular rows.
struct EditedArchive {
  typealias Row = [String: Any]

  /// `realm.json`.
  var realm: [String: Any]
  /// The rows of messages and of `zerver_usermessage` of all message files.
  var messages: [Row] = []
  var userMessages: [Row] = []
  var analytics: [String: Any]
  private let folder: String

  init() throws {
    folder = try Servers.unpackedArchive()
    try FileSystem.removeTree("\(folder)/migration_status.json")
    realm = try Self.read("\(folder)/realm.json")
    analytics = try Self.read("\(folder)/analytics.json")
    for name in try FileSystem.names(in: folder) where name.hasPrefix("messages-") {
      let document = try Self.read("\(folder)/\(name)")
      messages += document["zerver_message"] as? [Row] ?? []
      userMessages += document["zerver_usermessage"] as? [Row] ?? []
      try FileSystem.removeTree("\(folder)/\(name)")
    }
  }

  /// Writes the edited archive.
  ///
  /// - Returns: the folder to import.
  func write() throws -> String {
    try Self.write(realm, "\(folder)/realm.json")
    try Self.write(analytics, "\(folder)/analytics.json")
    try Self.write(
      ["zerver_message": messages, "zerver_usermessage": userMessages], "\(folder)/messages-000001.json")
    return folder
  }

  subscript(_ table: String) -> [Row] {
    get { realm[table] as? [Row] ?? [] }
    set { realm[table] = newValue }
  }

  func ids(_ table: String) -> [Int] { self[table].compactMap { $0["id"] as? Int } }

  private static func read(_ path: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
  }

  private static func write(_ document: [String: Any], _ path: String) throws {
    try JSONSerialization.data(withJSONObject: document).write(to: URL(fileURLWithPath: path))
  }
}
