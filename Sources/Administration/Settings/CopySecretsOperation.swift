import Common
import Operations
import Server

/// Copies the secrets that the operator chose in the flow of a move; see ``CopySettingsOperation``.
public struct CopySecretsOperation: Operation {
  public static let kind = "copySecrets"
  public let source: ServerReference
  public let target: ServerReference
  /// By the id of the advice.
  public let decisions: [String: SettingDecision]

  private enum CodingKeys: String, CodingKey {
    case source = "from"
    case target = "to"
    case decisions
  }

  public init(from source: ServerReference, to target: ServerReference, decisions: [String: SettingDecision]) {
    self.source = source
    self.target = target
    self.decisions = decisions
  }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [target] }
  public var title: String { "Copy secrets" }
  /// The ids of the secrets that are copied, sorted.
  public var copied: [String] { decisions.filter { $0.value == .copy }.keys.sorted() }

  public var commands: [ProgramCommand] {
    [
      ProgramCommand(
        ["settings", "copy", "--from", source.root, "--migration", "import", "--without-advice"]
          + copied.flatMap { ["--set", "\($0)=copy"] }, on: target)
    ]
  }

  public func undo(_ context: UndoContext) -> UndoRule {
    .impossible("the old secrets file is kept beside the new one: copy it back by hand")
  }

  // MARK: Check, plan, run

  private func whole() throws -> CopySettingsRun {
    try Self.copying(copied, from: ConfigurationSource(source.installation()), to: target.installation())
  }

  /// Copies secrets of settings that can be on another machine.
  ///
  /// - Parameter names: the ids of the secrets.
  public static func copy(
    _ names: [String], from configuration: ConfigurationSource, to target: Installation, _ progress: Progress
  ) throws -> Summary {
    try copying(names, from: configuration, to: target).run(progress)
  }

  /// Returns blockers for copying them.
  public static func obstacles(
    to names: [String], from configuration: ConfigurationSource, to target: Installation
  ) throws -> [Finding] {
    try copying(names, from: configuration, to: target).check().filter { $0.severity != .warning }
  }

  private static func copying(
    _ names: [String], from configuration: ConfigurationSource, to target: Installation
  ) throws -> CopySettingsRun {
    let facts = MigrationFacts(kind: .import)
    // Secrets that have become equal in the meantime are not copied.
    let different = try SettingsAdvisor(from: configuration, to: target, facts: facts).advice().map(\.id)
    let copied = names.map { "secrets.\($0)" }.filter(different.contains)
    return CopySettingsRun(
      from: configuration, to: target,
      CopySettingsOperation.Choices(
        facts: facts, decisions: Dictionary(uniqueKeysWithValues: copied.map { ($0, .copy) }), followsAdvice: false))
  }

  public func check() throws -> [Finding] { try whole().check().filter { $0.severity != .warning } }
  public func plan() throws -> Plan { try whole().plan() }
  public func run(progress: Progress) throws -> Summary { try whole().run(progress) }
}
