import Common
import Glibc
import Operations
import Server

/// The identity of a file or folder, whatever path leads to it.
struct FileNumber: Hashable, Sendable {
  let device: UInt64
  let number: UInt64

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    number = UInt64(status.st_ino)
  }
}

/// A file or folder that can be an archive by its name or by the names in it. Not opened yet.
struct Candidate: Sendable {
  let path: String
  let number: FileNumber
  /// See ``FoundArchive/moment``.
  let moment: Int64
  /// Nil for a folder.
  let bytes: Int64?
  /// Whether the path itself is a link.
  let isLink: Bool
  /// The content of an unpacked archive, by the names in its folder.
  var unpacked: FoundArchive.Content?

  /// - Returns: nil if the path leads to no regular file.
  init?(file path: String) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    self.init(path, status, bytes: Int64(status.st_size))
  }

  init(_ path: String, _ status: stat, bytes: Int64?, unpacked: FoundArchive.Content? = nil) {
    self.path = path
    number = FileNumber(status)
    let changed = min(Int64(status.st_mtim.tv_sec), Timestamp.lastSecond) * 1_000_000
    moment = BackupLayout.moment(fileName: FileSystem.name(of: path)) ?? changed
    self.bytes = bytes
    self.unpacked = unpacked
    isLink = FileSystem.linkTarget(path) != nil
  }

  /// Returns each file once, in order of their first appearance; a path that is no link replaces a link.
  static func once(_ candidates: [Candidate]) -> [Candidate] {
    var places: [FileNumber: Int] = [:]
    var kept: [Candidate] = []
    for candidate in candidates {
      if let place = places[candidate.number] {
        if kept[place].isLink, !candidate.isLink { kept[place] = candidate }
      } else {
        places[candidate.number] = kept.count
        kept.append(candidate)
      }
    }
    return kept
  }
}

/// The meaning of file names.
enum ArchiveName {
  private static let endings = [".tar.gz", ".tgz", ".tar", ".tar.gz.age", ".tgz.age", ".tar.age"]
  /// The endings that programs give to files which they are still writing.
  private static let unfinished = [".partial", ".part", ".filepart", ".crdownload", ".download"]

  /// Returns whether a file with this name can be an archive, finished or not.
  static func isPossible(_ name: String) -> Bool {
    guard !name.hasPrefix(".") else { return false }
    let lower = name.lowercased()
    return endings.contains { lower.hasSuffix($0) } || isUnfinished(name)
  }

  /// Returns whether the name is that of an archive which is still being written: "x.tar.gz.Ab3dEf7h.partial".
  static func isUnfinished(_ name: String) -> Bool {
    let lower = name.lowercased()
    return unfinished.contains { lower.hasSuffix($0) } && (lower.contains(".tar.") || lower.contains(".tgz."))
  }

  static func isEncrypted(_ name: String) -> Bool { name.lowercased().hasSuffix(".age") }

  /// Returns the content by the names that this program and the server's own commands give; nil for other names.
  static func content(_ name: String) -> FoundArchive.Content? {
    let lower = name.lowercased()
    if lower.contains("-backup") { return .backup }
    return lower.contains("-export") ? .export : nil
  }
}

/// The candidates in one folder.
struct FolderListing {
  private let place: ArchiveFinder.Place
  private let budget: ArchiveFinder.Budget
  private(set) var candidates: [Candidate] = []
  /// The number of candidates beyond the limit.
  private(set) var unlisted = 0

  init(_ place: ArchiveFinder.Place, budget: ArchiveFinder.Budget) {
    self.place = place
    self.budget = budget
  }

  /// Reads the folder, unless it is in `seen`. A missing or unreadable one has no candidates.
  mutating func read(
    seen: inout Set<FileNumber>, isOver: () -> Bool, cancellation: Cancellation?
  ) throws {
    let descriptor = open(place.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return }
    var status = stat()
    guard fstat(descriptor, &status) == 0, seen.insert(FileNumber(status)).inserted,
      let listing = fdopendir(descriptor)
    else {
      close(descriptor)
      return
    }
    defer { closedir(listing) }
    if place.holdsUnpacked, let found = Self.unpacked(descriptor, place.folder) { candidates.append(found) }
    var names = 0
    while let entry = readdir(listing), names < budget.names {
      names += 1
      if names % 256 == 0 {
        try cancellation?.check()
        if isOver() { break }
      }
      take(entry, in: descriptor)
    }
    guard candidates.count > budget.files else { return }
    candidates.sort { ($0.moment, $0.path) > ($1.moment, $1.path) }
    unlisted = candidates.count - budget.files
    candidates.removeLast(unlisted)
  }

  private mutating func take(_ entry: UnsafeMutablePointer<dirent>, in folder: Int32) {
    let raw = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
    guard let name = String(validating: raw, as: UTF8.self), !name.hasPrefix(".") else { return }
    let path = place.folder == "/" ? "/\(name)" : "\(place.folder)/\(name)"
    if ArchiveName.isPossible(name), let file = Candidate(file: path) {
      candidates.append(file)
    } else if place.holdsUnpacked, [DT_DIR, DT_UNKNOWN].contains(Int(entry.pointee.d_type)) {
      let inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
      guard inner >= 0 else { return }
      defer { close(inner) }
      if let found = Self.unpacked(inner, path) { candidates.append(found) }
    }
  }

  /// Returns the folder as a candidate; nil if it is no unpacked archive.
  private static func unpacked(_ folder: Int32, _ path: String) -> Candidate? {
    var status = stat()
    guard fstat(folder, &status) == 0 else { return nil }
    var sign = stat()
    func has(_ name: String, _ type: mode_t) -> Bool {
      fstatat(folder, name, &sign, AT_SYMLINK_NOFOLLOW) == 0 && sign.st_mode & S_IFMT == type
    }
    let content: FoundArchive.Content
    if has("realm.json", S_IFREG) {
      content = .export
    } else if Brand.allCases.contains(where: { has(BackupLayout.versionFile($0), S_IFREG) }),
      [BackupLayout.database, BackupLayout.settings].contains(where: { has($0, S_IFDIR) })
    {
      content = .backup
    } else {
      return nil
    }
    return Candidate(path, status, bytes: nil, unpacked: content)
  }
}
