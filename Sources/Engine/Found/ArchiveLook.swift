import Archive
import Common
import Glibc
import Operations
import Server
import Transfer
import WholeServer

/// Looks into candidates, one after the other, until the time is over.
struct ArchiveLook {
  /// The subdomains that jobs have recorded.
  let subdomains: [FileNumber: String]
  let isOver: @Sendable () -> Bool
  let cancellation: Cancellation?
  private var standings: [String: RecordedStandings] = [:]

  init(
    subdomains: [FileNumber: String], isOver: @escaping @Sendable () -> Bool, cancellation: Cancellation?
  ) {
    self.subdomains = subdomains
    self.isOver = isOver
    self.cancellation = cancellation
  }

  /// Returns what the beginning of a candidate tells; nil if it does not exist any more.
  ///
  /// - Throws: ``Cancelled``.
  mutating func at(_ candidate: Candidate) throws -> FoundArchive? {
    try cancellation?.check()
    var found = FoundArchive(
      path: candidate.path, moment: candidate.moment, bytes: candidate.bytes,
      content: candidate.unpacked ?? ArchiveName.content(FileSystem.name(of: candidate.path)) ?? .unknown,
      state: .notLookedInto)
    if let subdomain = subdomains[candidate.number] {
      found.organization = .init(name: nil, subdomain: SafeText.clean(subdomain, limit: .word))
      if found.content == .unknown { found.content = .export }
    }
    if let content = candidate.unpacked {
      found.content = content
      lookIntoFolder(&found)
      return found
    }
    return try lookIntoFile(&found) ? found : nil
  }

  // MARK: Files

  /// - Returns: whether the file exists.
  private mutating func lookIntoFile(_ found: inout FoundArchive) throws -> Bool {
    let name = FileSystem.name(of: found.path)
    if ArchiveName.isUnfinished(name) {
      found.state = .unfinished
      return true
    }
    found.isEncrypted = ArchiveName.isEncrypted(name) || Encryption.isEncrypted(found.path)
    if found.content == .backup, let standing = standing(of: found.path) {
      found.state = Self.state(standing)
      return true
    }
    if found.isEncrypted {
      found.state = .encrypted
      return true
    }
    guard access(found.path, R_OK) == 0 else {
      let code = errno
      found.state = .unreadable(String(cString: strerror(code)))
      return code != ENOENT
    }
    guard !isOver() else { return true }
    let organization = OrganizationReader()
    let glimpse: Glimpse
    do {
      glimpse = try Glimpse.of(found.path, visitor: organization, isOver: isOver, cancellation: cancellation)
    } catch let cancelled as Cancelled {
      throw cancelled
    } catch {
      found.state = .unreadable((error as? any Failure)?.reason ?? "an unknown error")
      return true
    }
    note(organization.found, glimpse.manifest, in: &found)
    switch glimpse.content {
    case .export?: found.content = .export
    case .backup?: found.content = .backup
    case .other(let what)?: found.content = .other(SafeText.clean(what, limit: .line))
    case nil: break
    }
    switch glimpse.extent {
    case .whole: found.state = Self.state(wholeWith: glimpse.parts, found.content)
    // The budget of the time, not of the bytes, may have ended right at the beginning.
    case .beginning(endFits: false): found.state = .cutOff
    case .beginning: found.state = glimpse.parts.isEmpty && isOver() ? .notLookedInto : .begun
    case .fault(let failure, let endFits): return note(failure, endFits: endFits, in: &found)
    }
    return true
  }

  private func note(
    _ organization: OrganizationReader.Found?, _ manifest: Manifest?, in found: inout FoundArchive
  ) {
    if let organization {
      found.organization = .init(name: organization.name, subdomain: organization.subdomain)
    } else if let organization = manifest?.organization {
      found.organization = .init(
        name: SafeText.clean(organization.name, limit: .name),
        subdomain: SafeText.clean(organization.subdomain, limit: .word))
    }
  }

  /// - Returns: whether the file exists.
  private func note(_ failure: ArchiveFailure, endFits: Bool?, in found: inout FoundArchive) -> Bool {
    switch failure.problem {
    case .missing: return false
    case .foreign(let what):
      if found.content == .unknown {
        found.content = .other(SafeText.clean(what, limit: .line))
        found.state = .complete
      } else {
        found.state = .damaged("it is \(SafeText.clean(what, limit: .line))")
      }
    case .damaged, .refused, .beyondLimit, .unsuitable, .noMember:
      found.state = endFits == false ? .cutOff : .damaged(SafeText.clean(failure.reason, limit: .line))
    }
    return true
  }

  private mutating func standing(of path: String) -> BackupStanding? {
    let folder = FileSystem.folder(of: path)
    let recorded = standings[folder] ?? RecordedStandings(folder)
    standings[folder] = recorded
    return recorded.standing(of: path)
  }

  private static func state(_ standing: BackupStanding) -> FoundArchive.State {
    switch standing {
    case .sound(let holdings): holdings.isComplete ? .complete : .partial(holdings.label)
    case .unproved: .begun
    case .damaged(let why): .damaged(SafeText.clean(why, limit: .line))
    }
  }

  private static func state(wholeWith parts: Set<String>, _ content: FoundArchive.Content) -> FoundArchive.State {
    guard content == .backup else { return .complete }
    var held: Set<BackupHoldings.Part> = []
    if parts.contains(BackupLayout.database) { held.insert(.database) }
    if parts.contains(BackupLayout.settings) { held.insert(.settings) }
    // Uploads in S3 are in no backup: their absence alone says nothing.
    let holdings = BackupHoldings(held.union([.uploads]))
    return holdings.isComplete ? .complete : .partial(holdings.label)
  }

  // MARK: Folders

  private func lookIntoFolder(_ found: inout FoundArchive) {
    let folder = open(found.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else {
      found.state = .unreadable(String(cString: strerror(errno)))
      return
    }
    defer { close(folder) }
    guard !isOver() else { return }
    func has(_ name: String) -> Bool { faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 }
    switch found.content {
    case .backup:
      let parts = [BackupLayout.database, BackupLayout.settings, BackupLayout.uploads].filter { has($0) }
      found.state = Self.state(wholeWith: Set(parts), .backup)
    default:
      found.organization =
        OrganizationReader.read(in: folder).map { .init(name: $0.name, subdomain: $0.subdomain) }
        ?? found.organization
      let lacking = OrganizationReader.requiredDocuments.first { !has($0) }
      found.state = lacking.map { .damaged("it lacks \($0)") } ?? .begun
    }
  }
}
