import Common

/// Copies the secrets that the operator chose in the flow of a move; see ``CopySettingsOperation``.
public struct CopySecretsOperation: Operation {
  public let source: Installation
  public let target: Installation
  /// By the id of the advice.
  public let decisions: [String: SecretDecision]

  public init(from source: Installation, to target: Installation, decisions: [String: SecretDecision]) {
    self.source = source
    self.target = target
    self.decisions = decisions
  }

  public var name: String { "copy-secrets" }

  private func whole() throws -> CopySettingsOperation {
    let facts = MigrationFacts(kind: .import)
    let configuration = try ConfigurationSource(source)
    // What has become the same meanwhile needs no copying.
    let different = try SettingsAdvisor(from: configuration, to: target, facts: facts).advice().map(\.id)
    let copied = decisions.filter { $0.value == .copy }.map { "secrets.\($0.key)" }.filter(different.contains)
    return CopySettingsOperation(
      from: configuration, to: target,
      CopySettingsOperation.Choices(
        facts: facts, decisions: Dictionary(uniqueKeysWithValues: copied.map { ($0, .copy) }), followsAdvice: false))
  }

  public func check() throws -> [Finding] { try whole().check().filter { $0.severity != .warning } }
  public func plan() throws -> Plan { try whole().plan() }
  public func run(progress: Progress) throws -> Summary { try whole().run(progress: progress) }
}
