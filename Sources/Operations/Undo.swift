import Common

/// The facts about a finished job that an undo needs.
public struct UndoContext: Sendable {
  /// The job's folder with the records of the operation; nil outside a job.
  public var recordFolder: String?
  /// Whether to delete an imported organization that is in use.
  public var despiteSignsOfLife: Bool

  public init(recordFolder: String? = nil, despiteSignsOfLife: Bool = false) {
    self.recordFolder = recordFolder
    self.despiteSignsOfLife = despiteSignsOfLife
  }
}

/// How a finished operation is undone.
public enum UndoRule: Sendable {
  /// By these operations, in order. They delete only what the operation has created.
  case operations([any Runnable], confirmation: UndoConfirmation? = nil)
  /// It cannot be undone by a job. The text contains the reason and the alternative, and continues "cannot be undone:
  /// …".
  case impossible(String)

  /// Why it cannot be undone; nil if it can.
  public var obstacle: String? {
    if case .impossible(let reason) = self { reason } else { nil }
  }

  /// Why there is nothing left to undo; nil if there may be something. Looks at files.
  public var nothingLeft: String? {
    guard case .operations(let operations, _) = self, !operations.isEmpty else { return nil }
    let reasons = operations.compactMap { ($0 as? any UndoStep)?.nothingLeft }
    return reasons.count == operations.count ? reasons.joined(separator: "; ") : nil
  }

  /// The name to type before the undo.
  public var confirmation: UndoConfirmation? {
    if case .operations(_, let confirmation) = self { confirmation } else { nil }
  }
}

/// A step of an undo that knows without a server whether there is something to undo.
package protocol UndoStep: Runnable {
  /// Why there is nothing left to undo; nil if there is something.
  var nothingLeft: String? { get }
}

/// The name of what an undo deletes, to be typed by the operator.
public enum UndoConfirmation: Sendable, Equatable {
  /// The organization's subdomain; empty for the root domain.
  case organization(subdomain: String)
  /// The file's name without its folder.
  case file(name: String)

  public static func file(_ path: String) -> UndoConfirmation {
    .file(name: FileSystem.name(of: path))
  }

  public var name: String {
    switch self {
    case .organization(let subdomain): subdomain
    case .file(let name): name
    }
  }

  public var deletesOrganization: Bool {
    if case .organization = self { true } else { false }
  }
}
