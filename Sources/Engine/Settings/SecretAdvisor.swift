import Common
import Postgres

/// What to do with a secret of the old server.
public enum SecretDecision: String, Sendable, Codable, CaseIterable {
  case copy, keep
}

/// One secret, or a pair that goes together: what it is for, what each decision leads to, and which one is advised.
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

/// Knows the server's secrets and what becomes of a server where they are wrong. Values are compared, never shown.
public enum SecretAdvisor {
  /// Advice for the move of an organization by export and import, in the order in which people should read it.
  ///
  /// A secret that both servers have the same needs no decision and is left out; one that this program does not know is
  /// shown as unknown and never advised to be copied.
  public static func advice(from source: Installation, to target: Installation) throws -> [SecretAdvice] {
    let others = try otherOrganizations(on: target)
    var covered: Set<String> = []
    var advice: [SecretAdvice] = []
    for entry in SecretTable.entries(source.brand, target.brand, targetHostsOthers: others > 0) {
      covered.formUnion(entry.keys.flatMap { [$0.source, $0.target] })
      let states = entry.keys.compactMap { state(source.secrets[$0.source], target.secrets[$0.target]) }
      guard let state = combined(states) else { continue }
      advice.append(entry.advice(state))
    }
    for name in source.secrets.names where !covered.contains(name) {
      guard let state = state(source.secrets[name], target.secrets[name]), state != .same else { continue }
      advice.append(SecretTable.unknown(name, state))
    }
    return advice.filter { $0.state != .same && $0.state != .onlyTarget }
  }

  private static func state(_ source: Secret?, _ target: Secret?) -> SecretAdvice.State? {
    switch (source, target) {
    case (nil, nil): nil
    case (nil, _): .onlyTarget
    case (_, nil): .onlySource
    default: source == target ? .same : .different
    }
  }

  private static func combined(_ states: [SecretAdvice.State]) -> SecretAdvice.State? {
    guard let first = states.first else { return nil }
    return states.allSatisfy { $0 == first } ? first : .different
  }

  private static func otherOrganizations(on target: Installation) throws -> Int {
    let connection = try target.connect()
    defer { connection.close() }
    return try connection.value(
      "SELECT count(*) FROM zerver_realm WHERE string_id <> $1", [target.brand.internalSubdomain]
    ).flatMap { Int($0) } ?? 0
  }
}
