import Administration
import ArgumentParser
import Common
import Operations
import Remote
import Server

struct SettingsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settings", abstract: "Compare settings and secrets with an old server's, and copy the right ones.",
    discussion: Examples.after(
      """
      The old server is given by its root folder, a copy of its /etc folder or of a container's /data, or a backup. \
      Values of secrets are never shown: equal marks mean equal values, within one report.
      """,
      "settings compare --from /srv/old-server", "settings copy --from ~/old-etc --set camo_key=copy --dry-run"),
    subcommands: [Compare.self, Copy.self, Undo.self])

  /// Facts about the migration that the advice depends on.
  struct Migration: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "The old server: its root folder, its address ssh://[user@]host[:port][/folder], a copy of its /etc folder or a "
          + "container's /data, or a backup.",
        valueName: "path"))
    var from: String

    @Option(help: "Origin of the data: import (new ids) or restore (the old ids); by default detected.")
    var migration: MigrationFacts.Kind?

    @Flag(help: "This server replaces the old one, or runs beside it; by default decided by the host names.")
    var place: Place?

    func validate() throws {
      guard RemoteAddress.isMeant(from) else { return try OptionRule.paths([("--from", from)]) }
      do { _ = try RemoteAddress(from) } catch let failure as PlainFailure {
        throw ValidationError("--from: \(failure.subject) \(failure.reason). \(failure.remedy ?? "")")
      }
    }

    /// Connects to a server on another machine, so that ssh can ask on the terminal.
    ///
    /// - Returns: the connection, which has to be kept; nil for another source.
    func connect(_ server: ServerOptions, json: Bool) throws -> RemoteServer? {
      guard RemoteAddress.isMeant(from) else { return nil }
      return try RemoteServer.open(
        RemoteAddress(from), .ofCommand(copies: server.copyProgram, json: json), cancellation: Interruption.cancellation
      )
    }

    enum Place: String, EnumerableFlag {
      case replaces, beside
    }

    /// The resolved path: a job's process has another working directory.
    var fullPath: String {
      if from == RemoteConfiguration.standardInput || RemoteAddress.isMeant(from) { return from }
      return FileSystem.resolved(FileSystem.absolute(from))
    }

    func facts(_ source: ConfigurationSource, _ target: Installation) -> MigrationFacts {
      MigrationFacts.detect(from: source, to: target, kind: migration, replacesSource: place.map { $0 == .replaces })
    }
  }

  struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the differences, their purpose and the advice; change nothing.",
      discussion: Examples.after(
        "", "settings compare --from backup.tar.gz", "settings compare --from /srv/old-server --replaces --json"))

    @OptionGroup var server: ServerOptions
    @OptionGroup var migration: Migration
    @OptionGroup var output: JSONOption

    func run() throws {
      let target = try server.installation()
      let remote = try migration.connect(server, json: output.json)
      defer { remote?.close() }
      let source = try ConfigurationSource(migration.fullPath, copiesProgram: remote?.isCopied ?? false)
      if source.isSame(as: target), let refusal = Blocked.of(try source.overlap(with: target)) { throw refusal }
      let facts = migration.facts(source, target)
      let advice = try SettingsAdvisor(from: source, to: target, facts: facts).advice()
      if output.json {
        for item in advice { StandardStream.json(JSONText.of("difference", item)) }
        StandardStream.json(JSONText.end(ofList: advice.count))
      } else {
        if let container = Container.find(target) {
          StandardStream.output("Container: \(container.finding.reason).\n")
        }
        StandardStream.output(AdviceText.of(facts) + advice.map(AdviceText.of).joined())
        if advice.isEmpty { StandardStream.output("The two servers do not differ.\n") }
      }
    }
  }

  struct Copy: OperationCommand {
    static let configuration = CommandConfiguration(
      abstract: "Copy settings and secrets as advised, or as --set says; the old files are kept.",
      discussion: Examples.after(
        "--set takes the id of a difference, or a key that only one file has: --set camo_key=copy.",
        "settings copy --from /srv/old-server --dry-run",
        "settings copy --from ~/etc --without-advice --set camo_key=copy"))

    @OptionGroup var server: ServerOptions
    @OptionGroup var migration: Migration
    @OptionGroup var output: OutputOptions

    @Option(
      name: .customLong("set"),
      help: ArgumentHelp("A decision: copy, keep, drop (remove) or merge.", valueName: "key=decision"))
    var decisions: [String] = []

    @Flag(help: "Apply only the decisions of --set; keep everything else.")
    var withoutAdvice = false

    @Flag(help: "Run the server's scripts that the changes make necessary.")
    var followUp = false

    @Flag(
      help: """
        With --follow-up: register with the push notification service too, if necessary. It receives the host name, the \
        administrator's address and statistics of each organization, and you agree to its terms.
        """)
    var agreeToPushTerms = false

    @Flag(help: "Show the changes as a diff; change nothing.")
    var dryRun = false

    func validate() throws {
      guard followUp || !agreeToPushTerms else {
        throw ValidationError("--agree-to-push-terms needs --follow-up.")
      }
      // Here, because the parser shows the usage of this command only for errors of its validation.
      _ = try parsed()
    }

    func run() throws {
      let remote = try migration.connect(server, json: output.json)
      defer { remote?.close() }
      var copy = try copy(copiesProgram: remote?.isCopied ?? false)
      copy.copiesProgram = remote?.isCopied == true ? true : nil
      if dryRun, !output.json {
        StandardStream.output(try copy.diff().map { $0 + "\n" }.joined() + "\n")
      }
      try output.perform(copy, dryRun: dryRun)
    }

    func operation() throws -> any Operation { try copy(copiesProgram: false) }

    private func copy(copiesProgram: Bool) throws -> CopySettingsOperation {
      CopySettingsOperation(
        from: migration.fullPath, to: server.reference,
        CopySettingsOperation.Choices(
          facts: migration.facts(
            try ConfigurationSource(migration.fullPath, copiesProgram: copiesProgram), try server.installation()),
          decisions: try parsed(), followsAdvice: !withoutAdvice, runsFollowUps: followUp,
          registersForPush: agreeToPushTerms))
    }

    private func parsed() throws -> [String: SettingDecision] {
      var parsed: [String: SettingDecision] = [:]
      for text in decisions {
        guard let equals = text.lastIndex(of: "="),
          let decision = SettingDecision(rawValue: String(text[text.index(after: equals)...]))
        else {
          throw ValidationError(
            "--set \(SafeText.clean(text, limit: .word)): say key=copy, key=keep, key=drop or key=merge.")
        }
        parsed[String(text[..<equals])] = decision
      }
      return parsed
    }
  }

  struct Undo: OperationCommand {
    static let configuration = CommandConfiguration(
      abstract: "Restore the files that the last copy has replaced.",
      discussion: Examples.after("", "settings undo --dry-run", "settings undo --yes"))

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Undo even if the files were edited since; those edits are lost.")
    var yes = false
    @Flag(help: "Show what would be done; change nothing.")
    var dryRun = false

    func run() throws { try output.perform(operation(), dryRun: dryRun) }
    func operation() -> any Operation { UndoSettingsOperation(server.reference, overwritesEdits: yes) }
  }
}

extension MigrationFacts.Kind: ExpressibleByArgument {}

/// Advice as plain text, one paragraph each.
private enum AdviceText {
  static func of(_ facts: MigrationFacts) -> String {
    let ids = facts.usersRenumbered.map { $0 ? "people have new ids" : "people have their old ids" } ?? "ids unknown"
    let parts = [
      facts.kind == .import ? "the data came by export and import" : "the data came from a backup", ids,
      facts.replacesSource ? "this server replaces the old one" : "this server runs beside the old one",
      facts.targetHostsOthers
        ? "other organizations are on this server too" : "no other organization is on this server",
      facts.pushRegistered ? "the old server was registered for push notifications" : "no push registration",
    ]
    return "Assumed: \(parts.joined(separator: "; ")).\n"
      + "Say --migration, --replaces or --beside where that is wrong.\n"
  }

  static func of(_ advice: SettingAdvice) -> String {
    let state =
      switch advice.state {
      case .same: "the same"
      case .different: "different"
      case .onlySource: "only on the old server"
      case .onlyTarget: "only here"
      }
    return """

      \(advice.title)  [\(advice.id)]  \(state)
        there: \(advice.sourceValue ?? "-")
        here:  \(advice.targetValue ?? "-")
        What it is for: \(advice.purpose)
        If copied: \(advice.ifCopied)
        If kept:   \(advice.ifKept)
        Advice: \(advice.recommended.rawValue), because \(advice.why)\(choices(advice))

      """
  }

  private static func choices(_ advice: SettingAdvice) -> String {
    let others = advice.choices.filter { $0 != advice.recommended }.map(\.rawValue)
    return others.isEmpty ? "" : " (or \(others.joined(separator: ", ")))"
  }
}
