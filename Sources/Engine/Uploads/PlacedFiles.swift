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

    /// The part of the uploads that it is in.
    fileprivate var part: String { self == .avatars ? "avatars" : "files" }
  }

  private static let previews = "thumbnail"

  private let uploads: OpenFolder
  private let organization: Int64
  private let owner: OpenFolder.Owner?
  private var claims: [Place: ClaimedFolder] = [:]
  private var isSettled = false
  /// Parts of the uploads that were not there before.
  private var newParts: [String] = []

  private(set) var files: Int64 = 0
  private(set) var bytes: Int64 = 0

  /// Makes the folders of an organization.
  ///
  /// - Throws: `.conflict` where files of an organization of this id are there already.
  init(_ installation: Installation, organization: Int64) throws {
    self.organization = organization
    uploads = try UploadsFolder.made(installation)
    // As root, files get the owner that the server's own have.
    owner = uploads.ownerOfContents
    for place in [Place.messageFiles, .avatars] { _ = try prepare(place) }
  }

  private func prepare(_ place: Place) throws -> ClaimedFolder {
    if let claim = claims[place] { return claim }
    let known = try UploadsFolder.part(place.part, of: uploads)
    if known == nil { newParts.append(place.part) }
    var parent = try known ?? uploads.madeFolder(place.part, mode: 0o755, owner: owner)
    if place == .previews { parent = try parent.madeFolder(Self.previews, mode: 0o755, owner: owner) }
    let made = try claim(parent)
    claims[place] = made
    return made
  }

  deinit {
    if !isSettled { takeBack() }
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

  /// Whether a file was put there before.
  func has(_ place: Place, _ path: String) -> Bool {
    claims[place].map { faccessat($0.folder.descriptor, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 } ?? false
  }

  private func create(_ place: Place, _ path: String) throws -> (descriptor: Int32, name: String) {
    let folder = try prepare(place).folder
    let file = try folder.create(path, mode: 0o644, folderMode: 0o755, owner: owner)
    return (file, "\(folder.path)/\(SafeText.clean(path, limit: 200))")
  }

  /// Waits until every file is on the disk: rows that name them are committed next.
  func sync() throws {
    for claim in claims.values where !FileSystem.syncFileSystem(of: claim.folder.descriptor) {
      throw PlainFailure.system(claim.path, "cannot be synced", errno: errno)
    }
  }

  /// The organization is visible: the files stay.
  func keep() {
    isSettled = true
    claims.values.forEach { $0.release() }
  }

  /// The organization does not come: its files go.
  func takeBack() {
    isSettled = true
    // What cannot be removed now is for the next import to remove.
    for claim in claims.values where (try? claim.remove()) == nil { claim.abandon() }
    // Only where nobody has put anything into them.
    for part in newParts { unlinkat(uploads.descriptor, part, AT_REMOVEDIR) }
  }

  /// Nobody knows whether the organization is visible: the next start of an import settles it.
  func leaveOpen() {
    isSettled = true
    claims.values.forEach { $0.abandon() }
  }

  // MARK: Leftovers

  /// Settles what an interrupted import left behind: files of an organization that came stay, the others go.
  ///
  /// - Returns: the ids whose files were removed.
  static func recover(_ installation: Installation, organizationExists: (Int64) throws -> Bool) throws -> [Int64] {
    var removed: Set<Int64> = []
    for (id, claim) in try abandoned(installation) {
      if try organizationExists(id) {
        claim.release()
      } else {
        try claim.remove()
        removed.insert(id)
      }
    }
    return removed.sorted()
  }

  /// Folders whose imports are dead, with the ids of the organizations that they were for. They are claimed.
  static func abandoned(_ installation: Installation) throws -> [(organization: Int64, claim: ClaimedFolder)] {
    guard let uploads = try UploadsFolder.find(installation) else { return [] }
    return try parents(uploads).flatMap { parent in
      try parent.names().compactMap { name in
        guard let id = Int64(name), let claim = try ClaimedFolder.abandoned(name, in: parent, mark: marker) else {
          return nil
        }
        return (id, claim)
      }
    }
  }

  /// The same folders, without touching anything: for reports.
  static func markedFolders(_ installation: Installation) throws -> [String] {
    guard let uploads = try UploadsFolder.find(installation) else { return [] }
    return try parents(uploads).flatMap { parent in
      try parent.names().filter {
        Int64($0) != nil && ClaimedFolder.isAbandoned($0, in: parent, mark: marker, whereEmpty: false)
      }.map { "\(parent.path)/\($0)" }
    }
  }

  // MARK: Folders

  /// The folders of all organizations that are there. Only those of files and of avatars may be links.
  private static func parents(_ uploads: OpenFolder) throws -> [OpenFolder] {
    try Place.allCases.compactMap { place in
      guard let part = try UploadsFolder.part(place.part, of: uploads) else { return nil }
      guard place == .previews else { return part }
      guard let status = part.status(previews), status.st_mode & S_IFMT == S_IFDIR else { return nil }
      return try part.folder(previews)
    }
  }

  private func claim(_ parent: OpenFolder) throws -> ClaimedFolder {
    let name = String(organization)
    for _ in 0..<3 {
      if let claim = try ClaimedFolder.make(name, in: parent, mark: Self.marker, mode: 0o755, owner: owner) {
        return claim
      }
      if parent.status(name) != nil { break }
    }
    throw PlainFailure(
      .conflict, "\(parent.path)/\(name)", "holds files of an organization that this database does not know",
      remedy: "move that folder away; it is left from another database")
  }
}
