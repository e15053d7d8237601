import Common
import Operations

/// Deletes an organization with everything that belongs to it, as after a test import.
///
/// The order is the promise: files are found while their rows still say whose they are; all rows are deleted in one
/// transaction; files are deleted once it is committed; the cache is emptied last. Stopped or killed before the commit,
/// nothing has happened. Killed after it, the next deletion finishes the files.
public struct DeleteOrganizationOperation: Operation {
  public struct Options: Sendable, Codable, Equatable {
    /// `''` is the root domain.
    public var subdomain: String
    public var uploads: Uploads = .keep
    /// The subdomain once more, typed by the operator.
    public var confirmation: String?
    /// Deletes it although people seem to work in it.
    public var despiteSignsOfLife = false

    public enum Uploads: String, Sendable, Codable, CaseIterable {
      case keep
      /// Uploads, avatars, emoji of this organization.
      case ofOrganization
      /// The whole content of the uploads folder; only where it is the server's only organization.
      case everything
    }

    public init(subdomain: String) { self.subdomain = subdomain }
  }

  public enum Phase: String, OperationPhase {
    case leftovers, rows, files, cache

    public var title: String {
      switch self {
      case .leftovers: "Finish an interrupted deletion"
      case .rows: "Delete rows"
      case .files: "Delete files"
      case .cache: "Empty the cache"
      }
    }

    public var weight: Double { self == .rows ? 28 : 1 }
  }

  public static let kind = "deleteOrganization"
  public let server: ServerReference
  public let options: Options

  public init(_ server: ServerReference, _ options: Options) {
    self.server = server
    self.options = options
  }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { "Delete '\(options.subdomain)'" }
  public static var leftovers: LeftoverPolicy { .removedExceptDeletions }

  public var commands: [ProgramCommand] {
    var words = ["organization", "delete", "-r", options.subdomain]
    switch options.uploads {
    case .keep: break
    case .ofOrganization: words.append("--with-uploads")
    case .everything: words.append("--with-all-uploads")
    }
    if let confirmation = options.confirmation { words += ["--confirm-delete", confirmation] }
    if options.despiteSignsOfLife { words.append("--yes") }
    return [ProgramCommand(words, on: server)]
  }

  public func undo(_ context: UndoContext) -> UndoRule { .impossible("deleted data cannot be brought back") }

  // MARK: Check, plan, run

  public func check() throws -> [Finding] { try work().check() }
  public func plan() throws -> Plan { try work().plan() }
  public func run(progress: Progress) throws -> Summary { try work().run(progress) }

  // MARK: For the decision

  /// Returns what the organization holds and where it came from.
  public func history() throws -> OrganizationHistory { try work().history() }

  /// Returns the rows by table that would be deleted; changes nothing.
  public func rows() throws -> [(table: String, rows: Int)] { try work().rows() }

  /// Returns what is missing of the operator's confirmation; empty where nothing is. A dry run does without.
  public func confirmation() throws -> [Finding] { try work().confirmation() }

  private func work() throws -> DeletionRun { DeletionRun(try server.installation(), options) }
}
