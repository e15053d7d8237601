import Common

/// The secrets alone, for the move of an organization by export and import: what ``SettingsAdvisor`` says of them.
public enum SecretAdvisor {
  /// In the order in which people should read it. A secret that both servers have the same, or only the new one has,
  /// needs no decision and is left out.
  public static func advice(from source: Installation, to target: Installation) throws -> [SettingAdvice] {
    let configuration = try ConfigurationSource(source)
    var facts = MigrationFacts.detect(from: configuration, to: target, kind: .import)
    facts.targetHostsOthers = try hostsOthers(target)
    let advice = try SettingsAdvisor(from: configuration, to: target, facts: facts).advice()
    return advice.filter { $0.file == .secrets && $0.state != .onlyTarget }
  }

  /// Before the import every organization on the target is one of others.
  private static func hostsOthers(_ target: Installation) throws -> Bool {
    let connection = try target.connect()
    defer { connection.close() }
    return try connection.value(
      "SELECT 1 FROM zerver_realm WHERE string_id <> $1 LIMIT 1", [target.brand.internalSubdomain]) != nil
  }
}
