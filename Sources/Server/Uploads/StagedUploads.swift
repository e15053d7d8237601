import Common
import Glibc

/// Files of an imported organization, placed where the server expects them, and deleted unless the organization becomes
/// visible.
///
/// They are in folders that are named after the organization's new id and that no other program uses: `files/ID`,
/// `avatars/ID`. Each contains a marker, locked by the import until the rows are committed. An unlocked marker shows
/// the next import what an interrupted one has left, see ``recover(_:organizationExists:)``.
package final class StagedUploads {
  private static let marker = ".import-in-progress"

  package enum Place: CaseIterable {
    case messageFiles, avatars
    /// Previews of images among the files of messages; created only if there are any.
    case previews

    /// The part of the uploads that contains the place.
    fileprivate var part: String { self == .avatars ? "avatars" : "files" }
  }

  private static let previews = "thumbnail"

  private let uploads: OpenFolder
  private let organization: Int64
  private let owner: OpenFolder.Owner?
  private var claims: [Place: ClaimedFolder] = [:]
  private var isSettled = false
  /// The parts of the uploads that did not exist before.
  private var newParts: [String] = []

  package private(set) var files: Int64 = 0
  package private(set) var bytes: Int64 = 0

  /// Creates the folders of an organization.
  ///
  /// - Throws: `.conflict` if files of an organization with this id exist already.
  package init(_ installation: Installation, organization: Int64) throws {
    self.organization = organization
    uploads = try UploadsFolder.made(installation)
    // As root, files get the same owner as the server's own.
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
    if !isSettled { rollBack() }
  }

  /// Copies a file.
  ///
  /// - Parameter path: the path below the organization's folder; missing folders are created.
  package func add(_ place: Place, _ path: String, from source: Int32) throws {
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

  /// Writes a file, in the way of ``add(_:_:from:)``.
  package func add(_ place: Place, _ path: String, _ content: [UInt8]) throws {
    let (target, name) = try create(place, path)
    defer { close(target) }
    try content.withUnsafeBytes { try FileSystem.writeAll(target, $0, path: name) }
    files += 1
    bytes += Int64(content.count)
  }

  /// Returns whether a file was placed there before.
  package func has(_ place: Place, _ path: String) -> Bool {
    claims[place].map { faccessat($0.folder.descriptor, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 } ?? false
  }

  private func create(_ place: Place, _ path: String) throws -> (descriptor: Int32, name: String) {
    let folder = try prepare(place).folder
    let file = try folder.create(path, mode: 0o644, folderMode: 0o755, owner: owner)
    return (file, "\(folder.path)/\(SafeText.clean(path, limit: .line))")
  }

  /// Syncs all files to disk: rows that refer to them are committed next.
  package func sync() throws {
    for claim in claims.values where !FileSystem.syncFileSystem(of: claim.folder.descriptor) {
      throw PlainFailure.system(claim.path, "cannot be synced", errno: errno)
    }
  }

  /// Keeps the files: the organization is visible.
  package func keep() {
    isSettled = true
    claims.values.forEach { $0.release() }
  }

  /// Deletes the files: the organization was not imported.
  package func rollBack() {
    isSettled = true
    // The next import deletes what cannot be deleted now.
    for claim in claims.values where (try? claim.remove()) == nil { claim.abandon() }
    // Only if they are empty.
    for part in newParts { unlinkat(uploads.descriptor, part, AT_REMOVEDIR) }
  }

  /// Leaves the files for the next import to decide about: it is unknown whether the organization is visible.
  package func leaveOpen() {
    isSettled = true
    claims.values.forEach { $0.abandon() }
  }

  // MARK: Leftovers

  /// Resolves what an interrupted import has left: files of an organization that exists are kept, the others are
  /// deleted.
  ///
  /// - Returns: the ids whose files were deleted.
  package static func recover(_ installation: Installation, organizationExists: (Int64) throws -> Bool) throws
    -> [Int64]
  {
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

  /// Returns the folders of dead imports, claimed, with the ids of their organizations.
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

  /// Returns the paths of such folders for reports. Changes nothing.
  package static func markedFolders(_ installation: Installation) throws -> [String] {
    guard let uploads = try UploadsFolder.find(installation) else { return [] }
    return try parents(uploads).flatMap { parent in
      try parent.names().filter {
        Int64($0) != nil && ClaimedFolder.isAbandoned($0, in: parent, mark: marker, whereEmpty: false)
      }.map { "\(parent.path)/\($0)" }
    }
  }

  // MARK: Folders

  /// Returns the existing folders that contain those of organizations. Only those of files and of avatars may be links.
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
