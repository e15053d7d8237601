import Glibc

/// A path as an operator types it: absolute, relative to the working directory, or with `~`.
///
/// Options like `--root=~/x`, answers files and fields of the wizard reach the program without a shell that expands `~`.
public enum TypedPath {
  /// Returns the absolute path.
  ///
  /// `~` is the home folder of the user of this process, `~name` that of another user. `.` and `..` at the beginning
  /// are resolved; later ones are not, because a folder in between can be a link. Without such a user a path is
  /// relative, as in a shell; see ``problem(_:)``. The path does not have to exist.
  public static func resolved(_ text: String) -> String {
    if text.hasPrefix("/") { return text }
    if let home = home(text) { return home + text.drop { $0 != "/" } }
    guard let current = getcwd(nil, 0) else { return text }
    defer { free(current) }
    var folder = String(cString: current)
    var rest = Substring(text)
    while let word = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).first,
      word == "." || word == ".."
    {
      // The working directory contains no links.
      if word == ".." { folder = FileSystem.folder(of: folder) }
      rest = rest.dropFirst(word.count).drop { $0 == "/" }
    }
    if rest.isEmpty { return folder }
    return folder == "/" ? "/\(rest)" : "\(folder)/\(rest)"
  }

  /// Returns the absolute path without `.`, `..` and repeated slashes, as it is shown to an operator. Links after the
  /// last `..` are kept.
  public static func normalized(_ text: String) -> String {
    let path = resolved(text)
    guard path.hasPrefix("/") else { return path }
    let names = path.split(separator: "/").filter { $0 != "." }
    let end = path.count > 1 && path.hasSuffix("/") && !names.isEmpty ? "/" : ""
    // `..` is the folder above the target of a link.
    let last = names.lastIndex(of: "..").map { $0 + 1 } ?? 0
    let start = last == 0 ? "" : FileSystem.resolved("/" + names[..<last].joined(separator: "/"))
    let rest = names[last...].map { "/\($0)" }.joined()
    let whole = (start == "/" ? "" : start) + rest
    return whole.isEmpty ? "/" : whole + end
  }

  /// Returns why a path cannot be resolved: there is no such user; nil if it can.
  public static func problem(_ text: String) -> String? {
    guard text.hasPrefix("~"), home(text) == nil else { return nil }
    let name = text.dropFirst().prefix { $0 != "/" }
    return "There is no user \(SafeText.clean(String(name), limit: .word)); a name that begins with ~ is written ./~"
  }

  /// Returns the home folder that a path begins with; nil for other paths, and without such a user.
  private static func home(_ text: String) -> String? {
    guard text.hasPrefix("~") else { return nil }
    let name = String(text.dropFirst().prefix { $0 != "/" })
    if name.isEmpty, let home = getenv("HOME").map({ String(cString: $0) }), home.hasPrefix("/") {
      return home.count > 1 && home.hasSuffix("/") ? String(home.dropLast()) : home
    }
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 1 << 14)
    let status =
      name.isEmpty
      ? getpwuid_r(getuid(), &entry, &buffer, buffer.count, &found)
      : getpwnam_r(name, &entry, &buffer, buffer.count, &found)
    guard status == 0, found != nil, let folder = entry.pw_dir.map({ String(cString: $0) }), folder.hasPrefix("/")
    else { return nil }
    return folder
  }
}
