import Common

/// What to do with a secret of the old server.
public enum SecretDecision: String, Sendable, Codable, CaseIterable {
  case copy, keep
}

/// One secret, or a pair that goes together, as the flow of a move asks for it; see ``SettingAdvice``.
public struct SecretAdvice: Sendable, Codable, Equatable {
  public enum State: String, Sendable, Codable {
    case same, different
    /// Only the old server has it.
    case onlySource
    /// Only the new server has it.
    case onlyTarget
  }

  public let id: String
  public let keys: [String]
  public let title: String
  public let purpose: String
  public let ifCopied: String
  public let ifKept: String
  public let state: State
  public let recommended: SecretDecision
  public let why: String
}

/// The secrets alone, for the move of an organization by export and import: what ``SettingsAdvisor`` says of them.
public enum SecretAdvisor {
  /// In the order in which people should read it. A secret that both servers have the same, or only the new one has,
  /// needs no decision and is left out.
  public static func advice(from source: Installation, to target: Installation) throws -> [SecretAdvice] {
    let configuration = try ConfigurationSource(source)
    var facts = MigrationFacts.detect(from: configuration, to: target, kind: .import)
    facts.targetHostsOthers = try hostsOthers(target)
    let advice = try SettingsAdvisor(from: configuration, to: target, facts: facts).advice()
    return advice.filter { $0.file == .secrets && $0.state != .onlyTarget }.map { advice in
      SecretAdvice(
        id: advice.keys.joined(separator: "+"), keys: advice.keys, title: advice.title, purpose: advice.purpose,
        ifCopied: advice.ifCopied, ifKept: advice.ifKept,
        state: SecretAdvice.State(rawValue: advice.state.rawValue) ?? .different,
        recommended: advice.recommended == .copy ? .copy : .keep, why: advice.why)
    }
  }

  /// Before the import every organization on the target is one of others.
  private static func hostsOthers(_ target: Installation) throws -> Bool {
    let connection = try target.connect()
    defer { connection.close() }
    return try connection.value(
      "SELECT 1 FROM zerver_realm WHERE string_id <> $1 LIMIT 1", [target.brand.internalSubdomain]) != nil
  }
}
