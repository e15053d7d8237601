import Common
import Glibc

/// The environment that a container was started with.
///
/// It contains secrets: names can be shown, values only if ``SecretSigns`` does not cover them.
public struct ContainerVariables: Sendable, Equatable {
  private let values: [String: String]

  init(_ values: [String: String]) { self.values = values }

  subscript(_ name: String) -> String? { values[name] }

  var names: [String] { values.keys.sorted() }

  /// Returns whether a variable is true by the rules of the image; unknown values are false.
  func isTrue(_ name: String) -> Bool {
    ["true", "enable", "enabled", "yes", "y", "1", "on"].contains(values[name]?.lowercased() ?? "")
  }

  /// Reads the environment of the container's first process. Inside the container, a process that may not read it has
  /// inherited the same variables, unless `su` or `sudo` removed them.
  ///
  /// - Returns: nil if none of the image's own variables is found: then the environment is not known.
  static func read(root: String) -> ContainerVariables? {
    let paths = ["\(root)/proc/1/environ"] + (root.isEmpty ? ["/proc/self/environ"] : [])
    for path in paths {
      guard let bytes = try? FileSystem.read(path, limit: 4 << 20) else { continue }
      let values = parse(bytes)
      if values.keys.contains(where: isOfImage) { return ContainerVariables(values) }
    }
    return nil
  }

  private static func isOfImage(_ name: String) -> Bool {
    ["DATA_DIR", "MANUAL_CONFIGURATION", "LINK_SETTINGS_TO_DATA", "DB_HOST"].contains(name)
      || ["SETTING_", "CONFIG_", "SECRETS_"].contains { name.hasPrefix($0) }
  }

  private static func parse(_ bytes: [UInt8]) -> [String: String] {
    var values: [String: String] = [:]
    for piece in bytes.split(separator: 0) {
      guard let equals = piece.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let name = String(decoding: piece[..<equals], as: UTF8.self)
      values[name] = String(decoding: piece[piece.index(after: equals)...], as: UTF8.self)
    }
    return values
  }

  // MARK: The database

  /// The settings `REMOTE_POSTGRES_…` by name, from the image's present variables and those before version 12; only
  /// those that are set. For a container whose settings.py does not exist yet.
  var databaseSettings: [String: String] {
    let names = [
      "REMOTE_POSTGRES_HOST": ["SETTING_REMOTE_POSTGRES_HOST", "DB_HOST"],
      "REMOTE_POSTGRES_PORT": ["SETTING_REMOTE_POSTGRES_PORT", "DB_HOST_PORT"],
      "REMOTE_POSTGRES_SSLMODE": ["SETTING_REMOTE_POSTGRES_SSLMODE", "REMOTE_POSTGRES_SSLMODE"],
    ]
    return names.compactMapValues { candidates in candidates.lazy.compactMap { values[$0] }.first { !$0.isEmpty } }
  }

  var databaseName: String? { values["CONFIG_postgresql__database_name"] ?? values["DB_NAME"] }
  var databaseUser: String? { values["CONFIG_postgresql__database_user"] ?? values["DB_USER"] }
}
