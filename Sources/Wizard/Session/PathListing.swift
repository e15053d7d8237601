import Common
import Glibc

/// The entries of the file system for the beginning of a path.
struct PathListing: Sendable, Equatable {
  struct Entry: Sendable, Equatable {
    let name: String
    let isFolder: Bool

    /// The name, with a slash for folders.
    var shown: String { isFolder ? "\(name)/" : name }
  }

  /// The typed text of the search.
  let beginning: String
  /// Sorted by name.
  let entries: [Entry]
  /// Whether there are more entries.
  let isPartial: Bool
  /// Why the folder cannot be read; nil if it can, or if there is none.
  let trouble: String?

  private static let most = 5000

  init(_ beginning: String, _ entries: [Entry], isPartial: Bool = false, trouble: String? = nil) {
    self.beginning = beginning
    self.entries = entries
    self.isPartial = isPartial
    self.trouble = trouble
  }

  /// Splits a typed path into the folder with its slash and the beginning of a name. The folder of a name alone is
  /// empty: the working directory. Nil for an empty path, and for the beginning of a user's name after `~`.
  static func split(_ path: String) -> (folder: String, name: String)? {
    guard let slash = path.lastIndex(of: "/") else {
      return path.isEmpty || path.hasPrefix("~") ? nil : ("", path)
    }
    let start = path.index(after: slash)
    return (String(path[..<start]), String(path[start...]))
  }

  /// Searches the file system, which can take long: must not be called on the drawing thread.
  ///
  /// Hidden names are omitted unless a dot is typed; names that cannot be typed are always omitted.
  static func look(_ beginning: String, _ purpose: PathPurpose, _ cancellation: Cancellation) -> PathListing {
    guard let (folder, start) = split(beginning) else { return PathListing(beginning, []) }
    let place = folder.isEmpty ? "./" : TypedPath.resolved(folder)
    guard let handle = opendir(place) else {
      let isAbsent = errno == ENOENT || errno == ENOTDIR
      return PathListing(beginning, [], trouble: isAbsent ? nil : SystemError.text(errno))
    }
    defer { closedir(handle) }
    var entries: [Entry] = []
    while let entry = readdir(handle), !cancellation.isCancelled {
      guard let name = Self.name(entry), name.hasPrefix(start), name.hasPrefix(".") == start.hasPrefix(".") else {
        continue
      }
      let isFolder = isFolder(entry, "\(place)\(place.hasSuffix("/") ? "" : "/")\(name)")
      guard purpose.offers(name, isFolder: isFolder) else { continue }
      guard entries.count < most else { return PathListing(beginning, sorted(entries), isPartial: true) }
      entries.append(Entry(name: name, isFolder: isFolder))
    }
    return PathListing(beginning, sorted(entries))
  }

  private static func sorted(_ entries: [Entry]) -> [Entry] { entries.sorted { $0.name < $1.name } }

  /// Returns nil for `.`, `..` and names that are not text.
  private static func name(_ entry: UnsafeMutablePointer<dirent>) -> String? {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
      tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
    }
    guard let name, name != ".", name != "..",
      !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { return nil }
    return name
  }

  private static func isFolder(_ entry: UnsafeMutablePointer<dirent>, _ path: String) -> Bool {
    switch Int32(entry.pointee.d_type) {
    case Int32(DT_DIR): true
    // Links are resolved, and some file systems do not state the type.
    case Int32(DT_LNK), Int32(DT_UNKNOWN): FileSystem.isFolder(path)
    default: false
    }
  }
}

extension PathListing {
  /// Returns the remaining entries after more input; nil if a new search is required.
  func narrowed(to path: String) -> PathListing? {
    if path == beginning { return self }
    guard !isPartial, path.hasPrefix(beginning), let (folder, start) = Self.split(path),
      let (mine, before) = Self.split(beginning), folder == mine, start.hasPrefix(".") == before.hasPrefix(".")
    else { return nil }
    return PathListing(path, entries.filter { $0.name.hasPrefix(start) })
  }

  /// Returns the path with an entry.
  func path(_ entry: Entry) -> String { (Self.split(beginning)?.folder ?? "") + entry.shown }

  /// The longest common beginning of all entries.
  var common: String {
    guard let folder = Self.split(beginning)?.folder, let first = entries.first else { return beginning }
    guard entries.count > 1 else { return path(first) }
    let shared = entries.dropFirst().reduce(first.name) { shared, entry in
      String(zip(shared, entry.name).prefix { $0 == $1 }.map(\.0))
    }
    return folder + shared
  }

  /// Returns whether the only entry is already typed.
  func isTyped(_ purpose: PathPurpose) -> Bool {
    guard entries.count == 1, let only = entries.first, let name = Self.split(beginning)?.name else { return false }
    return only.name == name && (!only.isFolder || purpose == .folder)
  }
}
