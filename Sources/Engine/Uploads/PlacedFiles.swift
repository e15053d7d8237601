import Common
import Glibc

/// Files of an organization that is being imported, put where the server will look for them, and taken back unless the
/// organization becomes visible.
///
/// They go into folders that are named after the organization's new id and that nobody else uses: `files/ID`,
/// `avatars/ID`. Each holds a marker, locked by the import, until the rows are committed. A marker that nobody locks
/// tells the next import what an interrupted one left behind, see ``recover(_:organizationExists:)``.
final class PlacedFiles {
  private static let marker = ".import-in-progress"

  enum Place: CaseIterable {
    case messageFiles, avatars
    /// Of images among the files of messages; made only where there are some.
    case previews
  }

  private let installation: Installation
  private let organization: Int64
  private let owner: (user: uid_t, group: gid_t)?
  private var folders: [Place: Int32] = [:]
  private var claims: [ClaimedFolder] = []
  private var isSettled = false

  private(set) var files: Int64 = 0
  private(set) var bytes: Int64 = 0

  /// Makes the folders of an organization.
  ///
  /// - Throws: `.conflict` where files of an organization of this id are there already.
  init(_ installation: Installation, organization: Int64) throws {
    self.installation = installation
    self.organization = organization
    owner = Self.owner(of: installation.uploadsFolder)
    for place in [Place.messageFiles, .avatars] { try prepare(place) }
  }

  private func prepare(_ place: Place) throws {
    let parent = Self.parent(place, installation)
    try makeFolder(parent)
    let claim = try claim("\(parent)/\(organization)")
    claims.append(claim)
    let descriptor = open(claim.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw PlainFailure.system(claim.path, "cannot be opened", errno: errno) }
    folders[place] = descriptor
  }

  deinit {
    if !isSettled { takeBack() }
    folders.values.forEach { close($0) }
  }

  /// Copies a file.
  ///
  /// - Parameter path: below the organization's folder; its folders are made.
  func add(_ place: Place, _ path: String, from source: Int32) throws {
    let (target, name) = try create(place, path)
    defer { close(target) }
    var offset: off_t = 0
    while true {
      let count = sendfile(target, source, &offset, 1 << 24)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw PlainFailure.system(name, "cannot be written", errno: errno) }
      if count == 0 { break }
      bytes += Int64(count)
    }
    files += 1
  }

  /// Writes a file, as ``add(_:_:from:)`` does.
  func add(_ place: Place, _ path: String, _ content: [UInt8]) throws {
    let (target, name) = try create(place, path)
    defer { close(target) }
    try content.withUnsafeBytes { try FileSystem.writeAll(target, $0, path: name) }
    files += 1
    bytes += Int64(content.count)
  }

  private func create(_ place: Place, _ path: String) throws -> (descriptor: Int32, name: String) {
    let name = "\(Self.parent(place, installation))/\(organization)/\(SafeText.clean(path, limit: 200))"
    if folders[place] == nil { try prepare(place) }
    guard let root = folders[place] else { throw PlainFailure.system(name, "cannot be written", errno: EBADF) }
    try makeFolders(of: path, root)
    let target = FileSystem.openBeneath(root, path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
    guard target >= 0 else { throw PlainFailure.system(name, "cannot be written", errno: errno) }
    fchmod(target, 0o644)
    if let owner { fchown(target, owner.user, owner.group) }
    return (target, name)
  }

  /// Waits until every file is on the disk: rows that name them are committed next.
  func sync() throws {
    for descriptor in folders.values where !FileSystem.syncFileSystem(of: descriptor) {
      throw PlainFailure.system(installation.uploadsFolder, "cannot be synced", errno: errno)
    }
  }

  /// The organization is visible: the files stay.
  func keep() {
    isSettled = true
    claims.forEach { $0.release() }
  }

  /// The organization does not come: its files go.
  func takeBack() {
    isSettled = true
    // What cannot be removed now is for the next import to remove.
    for claim in claims where (try? claim.remove()) == nil { claim.abandon() }
  }

  /// Nobody knows whether the organization is visible: the next start of an import settles it.
  func leaveOpen() {
    isSettled = true
    claims.forEach { $0.abandon() }
  }

  // MARK: Leftovers

  /// Settles what an interrupted import left behind: files of an organization that came stay, the others go.
  ///
  /// - Returns: the ids whose files were removed.
  static func recover(_ installation: Installation, organizationExists: (Int64) throws -> Bool) throws -> [Int64] {
    var removed: Set<Int64> = []
    for place in Place.allCases {
      let parent = parent(place, installation)
      guard FileSystem.isFolder(parent) else { continue }
      for name in try FileSystem.names(in: parent) {
        guard let id = Int64(name), let claim = try ClaimedFolder.abandoned("\(parent)/\(name)", mark: marker) else {
          continue
        }
        if try organizationExists(id) {
          claim.release()
        } else {
          try claim.remove()
          removed.insert(id)
        }
      }
    }
    return removed.sorted()
  }

  // MARK: Folders

  private static func parent(_ place: Place, _ installation: Installation) -> String {
    switch place {
    case .messageFiles: installation.messageFilesFolder
    case .avatars: installation.avatarsFolder
    case .previews: installation.messageFilesFolder + "/thumbnail"
    }
  }

  private func claim(_ folder: String) throws -> ClaimedFolder {
    for _ in 0..<3 {
      let claim = try ClaimedFolder.make(folder, mark: Self.marker, mode: 0o755) { folder in
        chmod(folder, 0o755)
        if let owner { chown(folder, owner.user, owner.group) }
      }
      if let claim { return claim }
      if FileSystem.exists(folder) { break }
    }
    throw PlainFailure(
      .conflict, folder, "holds files of an organization that this database does not know",
      remedy: "move that folder away; it is left from another database")
  }

  private func makeFolder(_ path: String) throws {
    guard !FileSystem.isFolder(path) else { return }
    try FileSystem.makeFolder(path, mode: 0o755)
    chmod(path, 0o755)
    if let owner { chown(path, owner.user, owner.group) }
  }

  private func makeFolders(of path: String, _ root: Int32) throws {
    let parts = path.split(separator: "/").dropLast()
    var folder = ""
    for part in parts {
      folder += folder.isEmpty ? part : "/" + part
      guard mkdirat(root, folder, 0o755) == 0 else {
        if errno == EEXIST { continue }
        throw PlainFailure.system(SafeText.clean(folder, limit: 200), "the folder cannot be made", errno: errno)
      }
      fchmodat(root, folder, 0o755, 0)
      if let owner { fchownat(root, folder, owner.user, owner.group, AT_SYMLINK_NOFOLLOW) }
    }
  }

  /// As root, files get the owner that the server's own have.
  private static func owner(of folder: String) -> (uid_t, gid_t)? {
    var status = stat()
    guard geteuid() == 0, stat(folder, &status) == 0 else { return nil }
    return (status.st_uid, status.st_gid)
  }
}
