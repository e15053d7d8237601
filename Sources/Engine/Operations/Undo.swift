import Common

/// What is known of a finished job when it is to be undone.
public struct UndoContext: Sendable {
  /// The job's folder, where the operation left its records; nil outside a job.
  public var recordFolder: String?
  /// An imported organization is deleted although people seem to work in it already.
  public var despiteSignsOfLife: Bool

  public init(recordFolder: String? = nil, despiteSignsOfLife: Bool = false) {
    self.recordFolder = recordFolder
    self.despiteSignsOfLife = despiteSignsOfLife
  }
}

/// How a finished operation is reversed.
public enum UndoRule: Sendable {
  /// By these operations, in order. They remove only what the operation itself has made.
  case operations([any Runnable], confirmation: UndoConfirmation? = nil)
  /// It cannot be reversed by a job. The text says why, and what to do instead; it continues "cannot be undone: …".
  case impossible(String)

  /// Why it cannot be reversed; nil where it can.
  public var obstacle: String? {
    if case .impossible(let reason) = self { reason } else { nil }
  }

  /// What has to be typed before it is reversed.
  public var confirmation: UndoConfirmation? {
    if case .operations(_, let confirmation) = self { confirmation } else { nil }
  }
}

/// The name of what an undo deletes, which the operator has to type.
public enum UndoConfirmation: Sendable, Equatable {
  /// By its subdomain; empty for the root domain.
  case organization(subdomain: String)
  /// By its name without the folder.
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
