/// The name of this program, in archives and in `--version`.
public enum Program {
  public static let name = "aloha-wizard"
  public static let version = "0.1.0"
  public static var nameAndVersion: String { "\(name) \(version)" }

  /// Returns a command line of this program for a shell.
  ///
  /// - Parameters:
  ///   - root: the root of its server; omitted if it is "/".
  ///   - brand: omitted if nil.
  public static func command(_ words: [String], root: String = "/", brand: String? = nil) -> String {
    ([name] + words + serverWords(root: root, brand: brand)).map(ShellWord.quoted).joined(separator: " ")
  }

  /// Returns the options that select a server.
  public static func serverWords(root: String, brand: String?) -> [String] {
    (root == "/" || root.isEmpty ? [] : ["--root", root]) + (brand.map { ["--brand", $0] } ?? [])
  }
}
