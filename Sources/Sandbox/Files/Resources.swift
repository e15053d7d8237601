import Common
import Foundation

/// The resource files of this target.
enum Resources {
  /// Returns the text of a file, by its path below `Resources`.
  static func text(_ name: String) throws -> String {
    String(decoding: try FileSystem.read(path(name)), as: UTF8.self)
  }

  /// Returns the names in a folder of the resources, sorted.
  static func names(in folder: String) throws -> [String] {
    try FileSystem.names(in: path(folder))
  }

  private static func path(_ name: String) -> String {
    Bundle.module.bundleURL.appending(path: "Resources/\(name)").path
  }
}
