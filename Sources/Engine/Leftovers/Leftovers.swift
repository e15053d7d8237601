import Common
import Glibc
import Postgres

/// Something that a command has left because it was killed, or because the machine failed.
public struct Leftover: Sendable, Codable, Equatable {
  /// "unpacked archive of an interrupted import".
  public let what: String
  /// A path, or the name of a database; cleaned.
  public let subject: String
  /// Bytes on the disk; nil where they were not counted.
  public let bytes: Int64?
  /// How it is removed, where that is a decision of the operator; nil: ``Leftovers/remove(_:progress:)`` removes it.
  public let remedy: String?

  /// "unpacked archive of an interrupted import: /srv/uploads/.aloha-wizard-import-x, 43 MB".
  public var text: String { "\(what): \(subject)" + (bytes.map { ", \(Amount.bytes($0))" } ?? "") }
}

/// A leftover that was found, with what removes it.
struct FoundLeftover {
  let leftover: Leftover
  /// Nil where an operator has to decide. Claims it first: what a living process has taken in the meantime stays.
  let remove: (() throws -> Void)?

  init(_ what: String, _ subject: String, bytes: Int64? = nil, remove: @escaping () throws -> Void) {
    leftover = Leftover(what: what, subject: SafeText.clean(subject, limit: 300), bytes: bytes, remedy: nil)
    self.remove = remove
  }

  init(_ what: String, _ subject: String, remedy: String) {
    leftover = Leftover(what: what, subject: SafeText.clean(subject, limit: 300), bytes: nil, remedy: remedy)
    remove = nil
  }
}

/// One kind of leftovers: where they are, how they are known, how they go.
protocol LeftoverKind: Sendable {
  /// Finds those that no living process owns and that belong to this user, and changes nothing.
  func find(_ scene: LeftoverScene) throws -> [FoundLeftover]
}

/// Where leftovers are looked for: a server with the machine that it is on.
struct LeftoverScene {
  /// "/" in production.
  let root: String
  /// Nil where there is no server, or where its configuration is lost.
  let installation: Installation?
  /// Nil where the database does not answer: then only what needs none is found.
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

/// Where the jobs of a server may have left something.
struct JobPlaces: Sendable {
  /// The folder that jobs are recorded in.
  let records: String
  /// Folders in which they have worked or put archives.
  let work: [String]
}

/// What interrupted commands have left, of every kind. To let the program know a new kind, add it to ``kinds``.
///
/// Every job begins with ``remove(_:progress:)``; every other command, and the wizard, reports with
/// ``report(root:brand:)``.
public enum Leftovers {
  private static let kinds: [any LeftoverKind] = [
    ImportLeftovers(), DeletionLeftovers(), ScratchLeftovers(), PartialArchives(), TemporaryFiles(), RestoreLeftovers(),
  ]

  /// Lists the leftovers of now. Never fails: places that cannot be read are skipped, because another command is the
  /// subject.
  static func report(root: String, brand: Brand?, jobs: JobPlaces) -> [Leftover] {
    let scene = LeftoverScene(root: root, brand: brand, jobs: jobs)
    defer { scene.close() }
    return find(scene).map(\.leftover)
  }

  /// Removes what can be removed without a decision.
  ///
  /// - Parameter finishesDeletions: false for a deletion, which finishes interrupted ones itself.
  /// - Returns: what was removed, and what is left for a decision or could not be removed.
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
