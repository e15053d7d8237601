import Common
import Server

/// The advice about secrets for a move by export and import; see ``SettingsAdvisor``.
public enum SecretAdvisor {
  /// Returns the advice in display order. Secrets that are equal, or exist only on the new server, need no decision and
  /// are omitted.
  public static func advice(from source: Installation, to target: Installation) throws -> [SettingAdvice] {
    try advice(from: ConfigurationSource(source), to: target)
  }

  /// Returns the same for settings that can be on another machine.
  public static func advice(
    from configuration: ConfigurationSource, to target: Installation
  ) throws -> [SettingAdvice] {
    var facts = MigrationFacts.detect(from: configuration, to: target, kind: .import)
    facts.targetHostsOthers = try hostsOthers(target)
    let advice = try SettingsAdvisor(from: configuration, to: target, facts: facts).advice()
    return advice.filter { $0.file == .secrets && $0.state != .onlyTarget }
  }

  /// Before the import, every organization of the target is from elsewhere.
  private static func hostsOthers(_ target: Installation) throws -> Bool {
    let connection = try target.connect()
    defer { connection.close() }
    return try connection.value(
      "SELECT 1 FROM zerver_realm WHERE string_id <> $1 LIMIT 1", [target.brand.internalSubdomain]) != nil
  }
}
