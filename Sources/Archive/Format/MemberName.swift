/// What a name in an archive may look like: a plain relative path whose every part is a name.
enum MemberName {
  /// Bytes of a whole path: what object stores allow, and few enough to stay within the system's limit of 4096 below
  /// any work folder.
  static let limit = 1024
  /// Bytes of one part of a path: more, no file system takes.
  static let longestPart = 255

  /// The first reason not to take a member of this name, or nil.
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

  /// In how many folders the file of a path is.
  static func depth(_ name: String) -> Int { name.utf8.count { $0 == UInt8(ascii: "/") } }

  /// The root folder and the path below it: ("export", "realm.json"). Nil where there is nothing below a folder.
  static func split(_ name: String) -> (root: String, rest: String)? {
    guard let slash = name.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
    let rest = name[name.utf8.index(after: slash)...]
    return rest.isEmpty ? nil : (String(name[..<slash]), String(rest))
  }

  /// The name of the root folder of an archive at `path`: its file name without the endings of archives.
  static func root(forArchive path: String) -> String {
    var name = path.split(separator: "/").last.map(String.init) ?? "archive"
    for ending in [".tar.gz", ".tgz", ".tar"] where name.hasSuffix(ending) && name.utf8.count > ending.utf8.count {
      name = String(name.dropLast(ending.count))
      break
    }
    return name
  }
}
