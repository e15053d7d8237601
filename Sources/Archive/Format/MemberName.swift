/// The rules for names in archives: relative paths of plain names.
enum MemberName {
  /// The maximum length of a path in bytes: that of object stores, below the system's limit of 4096 in any work folder.
  static let limit = 1024
  /// The maximum length of a part of a path in bytes, by the limits of file systems.
  static let longestPart = 255

  /// Returns the first reason to refuse a name; nil if there is none.
  static func refusal(_ name: some StringProtocol) -> ArchiveFailure.Refusal? {
    if name.utf8.first == UInt8(ascii: "/") { return .absoluteName }
    if name.utf8.count > limit { return .longName }
    if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return .controlCharacter }
    for part in name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      if part.elementsEqual("..".utf8) { return .parentFolder }
      if part.isEmpty || part.elementsEqual(".".utf8) { return .unclearName }
      if part.count > longestPart { return .longName }
    }
    return nil
  }

  /// Returns the number of folders above the file.
  static func depth(_ name: String) -> Int { name.utf8.count { $0 == UInt8(ascii: "/") } }

  /// Splits a path into its root folder and the rest: ("export", "realm.json"). Returns nil without a rest.
  static func split(_ name: String) -> (root: String, rest: String)? {
    guard let slash = name.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
    let rest = name[name.utf8.index(after: slash)...]
    return rest.isEmpty ? nil : (String(name[..<slash]), String(rest))
  }

  /// Returns the name of the root folder for an archive: its file name without its extension.
  static func root(forArchive path: String) -> String {
    var name = path.split(separator: "/").last.map(String.init) ?? "archive"
    for ending in [".tar.gz", ".tgz", ".tar"] where name.hasSuffix(ending) && name.utf8.count > ending.utf8.count {
      name = String(name.dropLast(ending.count))
      break
    }
    return name
  }
}
