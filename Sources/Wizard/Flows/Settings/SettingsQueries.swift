import Administration
import Common
import Operations
import Server

/// The functions of the engine that only this flow uses. Tests replace them.
struct SettingsQueries: Sendable {
  /// The source of settings.
  struct Source: Sendable {
    var label: String
    var kind: ConfigurationSource.Kind
    var facts: [Summary.Fact]
    /// Blockers and warnings about what it shares with this server.
    var overlap: [Finding] = []
  }

  /// - Throws: `.notFound` or `.unsuitableArchive` if there are no settings at the path.
  var source: @Sendable (_ path: String) throws -> Source
  /// The detected facts of the migration; ``MigrationFacts/targetHostsOthers`` is that of an import.
  var facts: @Sendable (_ path: String) throws -> MigrationFacts
  var advice: @Sendable (_ path: String, MigrationFacts) throws -> [SettingAdvice]
  /// The changes as unified diffs, without values of secrets.
  var diff: @Sendable (_ path: String, CopySettingsOperation.Choices) throws -> [String]
  var followUps: @Sendable (_ path: String, CopySettingsOperation.Choices) throws -> [NeededStep]

  /// A follow-up of the new settings.
  struct NeededStep: Sendable, Equatable {
    var title: String
    var explanation: String
    /// The command for a shell on the server; nil without one.
    var command: String?
    /// Whether it can be run on this machine.
    var canRun: Bool
  }
}

extension SettingsQueries {
  static func real(_ context: FlowContext) -> SettingsQueries {
    let (root, brand) = (context.root, context.brand)
    @Sendable func target() throws -> Installation { try Installation(root: root, brand: brand) }
    @Sendable func operation(
      _ path: String, _ choices: CopySettingsOperation.Choices
    ) -> CopySettingsOperation {
      CopySettingsOperation(from: path, to: ServerReference(root: root, brand: brand), choices)
    }
    return SettingsQueries(
      source: { path in
        let source = try ConfigurationSource(path)
        return Source(
          label: source.host ?? path, kind: source.kind, facts: describe(source),
          overlap: try source.overlap(with: target()))
      },
      facts: { path in
        let (source, target) = (try ConfigurationSource(path), try target())
        var facts = MigrationFacts.detect(from: source, to: target)
        facts.targetHostsOthers = MigrationFacts.detect(from: source, to: target, kind: .import).targetHostsOthers
        return facts
      },
      advice: { path, facts in
        try SettingsAdvisor(from: ConfigurationSource(path), to: target(), facts: facts).advice()
      },
      diff: { try operation($0, $1).diff() },
      followUps: { path, choices in
        let target = try target()
        let scripts = ServerScripts(target)
        return try operation(path, choices).followUps().map { step in
          NeededStep(
            title: step.title, explanation: step.explanation, command: step.command(target),
            canRun: step.script.map(scripts.isHere) ?? false)
        }
      })
  }

  private static func describe(_ source: ConfigurationSource) -> [Summary.Fact] {
    let kind =
      switch source.kind {
      case .server: "a server"
      case .folder: "a copy of a server's configuration folder"
      case .backup: "a backup"
      }
    let files = [
      source.settings == nil ? nil : "settings.py", source.configuration == nil ? nil : "\(source.brand.rawValue).conf",
      source.secrets.names.isEmpty ? nil : Amount.of(Int64(source.secrets.names.count), "secret"),
    ].compactMap { $0 }
    return [
      Summary.Fact("What it is", "\(kind), of \(source.brand.title)"),
      Summary.Fact("Host name", source.host ?? "not set"), Summary.Fact("There", files.joined(separator: ", ")),
    ]
  }
}
