import Common
import Operations
import Server
import WholeServer

/// Finds archives on this machine, for an operator who has to choose one: exports and backups, packed, encrypted or
/// unpacked, also damaged ones, each with what its beginning tells.
///
/// Contract:
/// - It reads the given folders and the recorded files, nothing below them. In places for unpacked archives, a folder
///   counts that is an unpacked archive itself; its files are not listed.
/// - Only regular files with the name of an archive are opened, without waiting for a pipe. A file that several paths or
///   links lead to is listed once, under a path that is no link if there is one.
/// - The work is bounded: ``Budget`` limits the names and the files of each folder, the bytes of each file, and the time.
///   Files for which no time is left are listed as ``FoundArchive/State/notLookedInto``.
/// - Missing and unreadable folders are skipped: the search fails only if it is cancelled.
/// - It changes nothing, and unpacks nothing to disk.
public struct ArchiveFinder: Sendable {
  /// A folder to search.
  public struct Place: Sendable, Equatable {
    public let folder: String
    /// Whether the folder and its subfolders can be unpacked archives. False where looking at a subfolder can block:
    /// below /mnt, a server of files may not answer.
    public let holdsUnpacked: Bool

    public init(_ folder: String, holdsUnpacked: Bool = false) {
      self.folder = folder
      self.holdsUnpacked = holdsUnpacked
    }
  }

  public struct Budget: Sendable, Equatable {
    /// The number of names of a folder that are read.
    public var names = 20_000
    /// The number of candidates of a folder that are looked into, the newest first.
    public var files = 200
    /// The number of listed archives.
    public var listed = 200
    /// The time for everything, in microseconds.
    public var time: Int64 = 2_500_000

    public init() {}
  }

  let places: [Place]
  /// Files that jobs have recorded, also outside of the places.
  let recorded: [OperationTraces.WrittenArchive]
  let budget: Budget
  /// Returns whether the time is over; tests replace it.
  let clock: @Sendable () -> Int64

  init(
    places: [Place], recorded: [OperationTraces.WrittenArchive] = [], budget: Budget = Budget(),
    clock: @escaping @Sendable () -> Int64 = { Timestamp.now() }
  ) {
    self.places = places
    self.recorded = recorded
    self.budget = budget
    self.clock = clock
  }

  /// Creates the search of a server: the current folder, the folders for archives, /tmp, the usual folders for backups,
  /// and the files and folders of recent jobs.
  ///
  /// - Parameters:
  ///   - root: the root of the server; "/" in production.
  ///   - current: the folder in which the program was started; nil: none.
  ///   - others: the folders where this program writes archives.
  public init(root: String, current: String?, others: [String]) {
    let store = JobStore(root: root)
    let written = store.archives.filter { $0.path.hasPrefix("/") }
    let own =
      [current].compactMap(\.self) + others + (Container.find(root: root).map { [$0.backupFolder] } ?? [])
      + ["/tmp"]
    let usual = FoundBackups.usualFolders(
      root: root, others: own + written.map { FileSystem.folder(of: $0.path) }, used: store.backupFolders)
    let below = root == "/" || root.isEmpty ? [] : ["\(root)/tmp"]
    let unpacked = Set(own + below)
    self.init(
      places: usual.map { Place($0, holdsUnpacked: unpacked.contains($0)) }, recorded: written)
  }

  /// Searches all places.
  ///
  /// - Throws: ``Cancelled``, and nothing else.
  public func find(cancellation: Cancellation? = nil) throws -> FoundArchives {
    let deadline = clock() + budget.time
    let isOver: @Sendable () -> Bool = { [clock] in clock() >= deadline }
    var candidates: [Candidate] = []
    var unlisted = 0
    var seen: Set<FileNumber> = []
    for place in places {
      try cancellation?.check()
      guard !isOver() else { break }
      var listing = FolderListing(place, budget: budget)
      try listing.read(seen: &seen, isOver: isOver, cancellation: cancellation)
      candidates += listing.candidates
      unlisted += listing.unlisted
    }
    candidates += recorded.compactMap { Candidate(file: $0.path) }
    let once = Candidate.once(candidates).sorted { ($0.moment, $0.path) > ($1.moment, $1.path) }
    var look = ArchiveLook(subdomains: subdomains, isOver: isOver, cancellation: cancellation)
    let listed = once.prefix(budget.listed)
    return FoundArchives(
      try listed.compactMap { try look.at($0) }, unlisted: unlisted + once.count - listed.count)
  }

  /// The subdomains of recorded exports, by the number of their files.
  private var subdomains: [FileNumber: String] {
    recorded.reduce(into: [:]) { known, archive in
      guard let subdomain = archive.subdomain, let file = Candidate(file: archive.path) else { return }
      known[file.number] = known[file.number] ?? subdomain
    }
  }
}
