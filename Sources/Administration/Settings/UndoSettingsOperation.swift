import Common
import Operations
import Server

/// Restores the configuration files that the last ``CopySettingsOperation`` has replaced.
public struct UndoSettingsOperation: Operation {
  private enum Phase: String, OperationPhase {
    case undo

    var title: String { "Restore the old files" }
  }

  public static let kind = "undoSettings"
  public let server: ServerReference
  /// Whether to overwrite edits made since.
  public let overwritesEdits: Bool

  public init(_ server: ServerReference, overwritesEdits: Bool = false) {
    self.server = server
    self.overwritesEdits = overwritesEdits
  }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { "Undo copied settings" }
  public var commands: [ProgramCommand] {
    [ProgramCommand(["settings", "undo"] + (overwritesEdits ? ["--yes"] : []), on: server)]
  }
  public func undo(_ context: UndoContext) -> UndoRule { .impossible("it was an undo itself") }

  private static func folder(_ installation: Installation) -> String { installation.configurationFolder }

  // MARK: Check, plan, run

  public func check() throws -> [Finding] {
    guard let note = try ConfigurationChange.last(in: Self.folder(server.installation())) else {
      return [
        Finding(
          .blocker, "settings", "no copied settings are left to undo on this server",
          remedy: "see the earlier copies in the list of jobs: \(try server.installation().command(["jobs", "list"]))",
          id: .missing)
      ]
    }
    var findings = try note.files.compactMap { try ConfigurationFile($0.path).obstacle }
    let edited = try ConfigurationChange.edited(note)
    if !edited.isEmpty {
      findings.append(
        Finding(
          overwritesEdits ? .warning : .blocker, "settings",
          "\(edited.joined(separator: ", ")) changed since they were copied",
          remedy: "compare with the copies beside them, or add --yes to lose those edits"))
    }
    return findings.isEmpty
      ? [Finding(.ok, "settings", "the old files, replaced at \(Timestamp.seconds(iso: note.made)) UTC, are available")]
      : findings
  }

  public func plan() throws -> Plan {
    let installation = try server.installation()
    let note = try ConfigurationChange.last(in: Self.folder(installation))
    return Plan(
      title: "Undo the settings that were copied to \(installation.label)",
      phases: [Plan.Phase(Phase.undo, amount: (note?.files ?? []).map(\.path).joined(separator: ", "))])
  }

  public func run(progress: Progress) throws -> Summary {
    let findings = try check()
    try progress.pass(findings)
    let installation = try server.installation()
    let folder = Self.folder(installation)
    guard let note = try ConfigurationChange.last(in: folder) else { throw Blocked(findings) }
    try progress.phase(Phase.undo) { _ in try ConfigurationChange.undo(note, in: folder) }
    return Summary(
      title: "The old settings are restored",
      facts: [Summary.Fact("Files", note.files.map(\.path).joined(separator: ", "))],
      nextSteps: Self.followUps(of: note, installation).flatMap { FollowUpRun.instruction($0, installation) })
  }

  /// The scripts that ran after the copy have to run again for the old files.
  private static func followUps(of note: ConfigurationChange.Note, _ installation: Installation) -> [FollowUp] {
    let touchesMachine = note.files.contains {
      $0.path.hasSuffix(installation.brand.secretsFile) || $0.path.hasSuffix(installation.brand.configurationFile)
    }
    return touchesMachine ? [.configureQueue, .applyConfiguration, .restart] : [.restart]
  }
}
