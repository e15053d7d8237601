/// What this program calls itself, in archives and in `--version`.
public enum Program {
  public static let name = "aloha-wizard"
  public static let version = "0.1.0"
  public static var nameAndVersion: String { "\(name) \(version)" }

  /// A command line of this program, ready to be copied into a shell.
  ///
  /// - Parameters:
  ///   - root: of the server that it is for; named where it is not the machine's own.
  ///   - brand: named where the operator has named it.
  public static func command(_ words: [String], root: String = "/", brand: String? = nil) -> String {
    ([name] + words + serverWords(root: root, brand: brand)).map(ShellWord.quoted).joined(separator: " ")
  }

  /// The options that name a server.
  public static func serverWords(root: String, brand: String?) -> [String] {
    (root == "/" || root.isEmpty ? [] : ["--root", root]) + (brand.map { ["--brand", $0] } ?? [])
  }
}
