import Common
import Glibc
import Operations
import Postgres
import Server

/// A leftover of a command that was killed, or of a machine failure.
public struct Leftover: Sendable, Codable, Equatable {
  /// For example "unpacked archive of an interrupted import".
  public let what: String
  /// A path, or the name of a database; cleaned.
  public let subject: String
  /// The size on disk in bytes; nil if it was not determined.
  public let bytes: Int64?
  /// How to remove it, if that is the operator's decision; nil: ``Leftovers/remove(_:progress:)`` removes it.
  public let remedy: String?

  /// For example "unpacked archive of an interrupted import: /srv/uploads/.aloha-wizard-import-x, 43 MB".
  public var text: String { "\(what): \(subject)" + (bytes.map { ", \(Amount.bytes($0))" } ?? "") }
}

/// A leftover with the action that removes it.
struct FoundLeftover {
  let leftover: Leftover
  /// Nil if an operator has to decide. Claims the leftover first: one that a live process now uses is kept.
  let remove: (() throws -> Void)?

  init(_ what: String, _ subject: String, bytes: Int64? = nil, remove: @escaping () throws -> Void) {
    leftover = Leftover(what: what, subject: SafeText.clean(subject, limit: .path), bytes: bytes, remedy: nil)
    self.remove = remove
  }

  init(_ what: String, _ subject: String, remedy: String) {
    leftover = Leftover(what: what, subject: SafeText.clean(subject, limit: .path), bytes: nil, remedy: remedy)
    remove = nil
  }
}

/// One kind of leftovers: how to find and remove them.
protocol LeftoverKind: Sendable {
  /// Returns the leftovers that no live process owns and that belong to this user. Changes nothing.
  func find(_ scene: LeftoverScene) throws -> [FoundLeftover]
}

/// The places to search for leftovers: a server and its machine.
struct LeftoverScene {
  /// "/" in production.
  let root: String
  /// Nil if there is no server, or its configuration is lost.
  let installation: Installation?
  /// Nil if the database does not respond: then only leftovers that need no database are found.
  let connection: Connection?
  let jobs: JobPlaces

  init(root: String, brand: Brand?, jobs: JobPlaces) {
    self.root = root
    installation = try? Installation(root: root, brand: brand)
    connection = installation.flatMap { try? $0.connect() }
    self.jobs = jobs
  }

  func close() { connection?.close() }
}

/// The places where the jobs of a server may have left something.
struct JobPlaces: Sendable {
  /// The folder of the jobs' records.
  let records: String
  /// The folders in which jobs have worked or written archives.
  var work: [String]
  /// The age in seconds from which no process can be about to lock a file or to rename it.
  var settled = 60
}

/// The leftovers of interrupted commands, of all kinds. To support a new kind, add it to ``kinds``.
///
/// Each job begins with ``remove(_:progress:)``; all other commands, and the wizard, report with
/// ``report(root:brand:)``.
public enum Leftovers {
  private static let kinds: [any LeftoverKind] = [
    ImportLeftovers(), DeletionLeftovers(), ScratchLeftovers(), PartialArchives(), TemporaryFiles(), RestoreLeftovers(),
  ]

  /// Returns the current leftovers. Never fails: unreadable places are skipped, because the actual command matters
  /// more.
  static func report(root: String, brand: Brand?, jobs: JobPlaces) -> [Leftover] {
    let scene = LeftoverScene(root: root, brand: brand, jobs: jobs)
    defer { scene.close() }
    return find(scene).map(\.leftover)
  }

  /// Removes the leftovers that require no decision.
  ///
  /// - Parameter finishesDeletions: false for a deletion, which finishes interrupted ones itself.
  /// - Returns: the removed leftovers, and those that require a decision or could not be removed.
  @discardableResult
  static func remove(
    _ server: ServerReference, jobs: JobPlaces, finishesDeletions: Bool = true, progress: Progress
  ) -> (removed: [Leftover], remaining: [Leftover]) {
    let scene = LeftoverScene(root: server.root, brand: server.brand, jobs: jobs)
    defer { scene.close() }
    var (removed, remaining): ([Leftover], [Leftover]) = ([], [])
    for found in find(scene, finishesDeletions: finishesDeletions) {
      guard let remove = found.remove else {
        remaining.append(found.leftover)
        continue
      }
      do {
        try remove()
        removed.append(found.leftover)
        progress.note("Removed: \(found.leftover.text)")
      } catch {
        remaining.append(found.leftover)
        progress.warn("\(found.leftover.text): it could not be removed (\(FailureReport(error).reason))")
      }
    }
    return (removed, remaining)
  }

  private static func find(_ scene: LeftoverScene, finishesDeletions: Bool = true) -> [FoundLeftover] {
    kinds.filter { finishesDeletions || !($0 is DeletionLeftovers) }.flatMap { (try? $0.find(scene)) ?? [] }
  }
}
