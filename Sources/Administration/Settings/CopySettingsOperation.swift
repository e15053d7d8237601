import Common
import Operations

/// Copies the settings and secrets that the operator chose from an old server to this one.
///
/// The files change together, each in one step, with their owners and modes; the old ones stay beside them, and
/// ``UndoSettingsOperation`` brings them back. Nothing is changed that was not decided.
public struct CopySettingsOperation: Operation {
  public struct Choices: Sendable, Codable, Equatable {
    public var facts: MigrationFacts
    /// By the id of an advice, or by a key that only one advice has.
    public var decisions: [String: SettingDecision]
    /// Whether the advice counts where nothing was decided; else nothing is done there.
    public var followsAdvice: Bool
    /// Whether the server's scripts are run that the changes make necessary.
    public var runsFollowUps: Bool
    /// Whether registering with the push notification service is one of them: the operator agrees to its terms.
    public var registersForPush: Bool

    public init(
      facts: MigrationFacts, decisions: [String: SettingDecision] = [:], followsAdvice: Bool = true,
      runsFollowUps: Bool = false, registersForPush: Bool = false
    ) {
      self.facts = facts
      self.decisions = decisions
      self.followsAdvice = followsAdvice
      self.runsFollowUps = runsFollowUps
      self.registersForPush = registersForPush
    }
  }

  enum Phase: OperationPhase {
    /// The names of the files that are written.
    case settings([String])

    var id: String { "settings" }
    var title: String {
      switch self {
      case .settings(let files): "Write \(files.joined(separator: ", "))"
      }
    }
  }

  public static let kind = "copySettings"
  /// A root folder, a copied /etc folder or a backup: an absolute path.
  public let source: String
  public let target: ServerReference
  public let choices: Choices
  /// Whether this program may be copied to the old server's machine for the time of the work.
  public var copiesProgram: Bool?

  private enum CodingKeys: String, CodingKey {
    case source = "from"
    case target = "to"
    case choices = "options"
    case copiesProgram
  }

  public init(from source: String, to target: ServerReference, _ choices: Choices) {
    self.source = source
    self.target = target
    self.choices = choices
  }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [target] }
  public var title: String { "Copy settings" }

  public var commands: [ProgramCommand] {
    var words = ["settings", "copy", "--from", source, "--migration", choices.facts.kind.rawValue]
    words.append(choices.facts.replacesSource ? "--replaces" : "--beside")
    if !choices.followsAdvice { words.append("--without-advice") }
    for (key, decision) in choices.decisions.sorted(by: { $0.key < $1.key }) {
      words += ["--set", "\(key)=\(decision.rawValue)"]
    }
    if choices.runsFollowUps { words.append("--follow-up") }
    if choices.registersForPush { words.append("--agree-to-push-terms") }
    return [ProgramCommand(words, on: target)]
  }

  public func undo(_ context: UndoContext) -> UndoRule {
    .operations([UndoSettingsOperation(target, overwritesEdits: false)])
  }

  // MARK: Check, plan, run

  public func check() throws -> [Finding] { try work().check() }
  public func plan() throws -> Plan { try work().plan() }
  public func run(progress: Progress) throws -> Summary { try work().run(progress) }

  // MARK: For the decision

  /// Returns the decision about each difference, in the order of the advice, without unchanged settings.
  public func chosen() throws -> [(advice: SettingAdvice, decision: SettingDecision)] { try work().chosen() }

  /// Returns the changes to settings.py and the conf file as unified diffs, and the secrets by name. Values of secrets are
  /// replaced by marks that show only whether they changed.
  public func diff() throws -> [String] { try work().diff() }

  /// Returns what the decisions make necessary afterwards, in the order in which it should be done.
  public func followUps() throws -> [FollowUp] { try work().followUps() }

  private func work() throws -> CopySettingsRun {
    CopySettingsRun(
      from: try ConfigurationSource(source, copiesProgram: copiesProgram ?? false), to: try target.installation(),
      choices)
  }
}
