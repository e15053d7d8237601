import Glibc

/// The name of this program, in archives and in `--version`, and how it is started.
public enum Program {
  public static let name = "aloha-wizard"
  public static let version = "0.1.0"
  public static var nameAndVersion: String { "\(name) \(version)" }

  /// The first word of a command line of this program: its name if a shell finds this program by it, otherwise its path.
  public static let invocation =
    caller != nil
    ? name
    : invocation(
      executable: FileSystem.linkTarget("/proc/self/exe"), path: getenv("PATH").map { String(cString: $0) } ?? "")

  /// - Parameters:
  ///   - executable: the path of the running program; another program's, or that of a deleted one, is not used.
  ///   - path: folders as in `PATH`.
  static func invocation(executable: String?, path: String) -> String {
    guard let executable, FileSystem.name(of: executable) == name, let own = FileIdentity(executable) else {
      return name
    }
    // A shell takes the first one, whichever it is.
    let candidates = path.split(separator: ":").map { "\($0)/\(name)" }
    let first: String? = candidates.first { candidate in access(candidate, X_OK) == 0 }
    return first.flatMap { FileIdentity($0) } == own ? name : executable
  }

  /// Returns a command line of this program for a shell.
  ///
  /// - Parameters:
  ///   - root: the root of its server; omitted if it is "/".
  ///   - brand: omitted if nil.
  public static func command(_ words: [String], root: String = "/", brand: String? = nil) -> String {
    ([invocation] + words + serverWords(root: root, brand: brand)).map(ShellWord.quoted).joined(separator: " ")
  }

  /// Returns the options that select a server, as the operator gives them: on the other machine, if this process was
  /// called from there.
  public static func serverWords(root: String, brand: String?) -> [String] {
    let path = root == "/" || root.isEmpty ? [] : ["--root", root]
    // A server on yet another machine has its address already.
    let words = RemoteAddress.isMeant(root) ? path : caller.map { ["--root", $0.with(root: root).text] } ?? path
    return words + (brand.map { ["--brand", $0] } ?? [])
  }

  /// The variable with the address by which another machine has called this process. Commands for its operator name this
  /// machine.
  public static let callerVariable = "ALOHA_WIZARD_CALLED_AS"

  /// Nil if this process was not called from another machine.
  static let caller: RemoteAddress? = getenv(callerVariable).flatMap { try? RemoteAddress(String(cString: $0)) }
}
