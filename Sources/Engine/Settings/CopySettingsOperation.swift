import Common
import Glibc

/// Copies the settings and secrets that the operator chose from an old server to this one.
///
/// The files change together, each in one step, with their owners and modes; the old ones stay beside them, and
/// ``UndoSettingsOperation`` brings them back. Nothing is changed that was not decided.
public struct CopySettingsOperation: Operation {
  /// What is to be done, as text that a job's process can be given.
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

  public let source: ConfigurationSource
  public let target: Installation
  public let choices: Choices

  public init(from source: ConfigurationSource, to target: Installation, _ choices: Choices) {
    self.source = source
    self.target = target
    self.choices = choices
  }

  public var name: String { "copy-settings" }

  /// What is going to be done about each difference, in the order of the advice; what stays as it is left out.
  public func chosen() throws -> [(advice: SettingAdvice, decision: SettingDecision)] {
    try decided().filter { $0.decision != .keep }
  }

  /// The changes to settings.py and the conf file as unified diffs, and the secrets by name. Values of secrets are
  /// replaced by marks that show only whether they changed.
  public func diff() throws -> [String] { try SettingsChange(self, try decided()).diff() }

  /// What the decisions make necessary afterwards, in the order in which it should be done.
  public func followUps() throws -> [FollowUp] {
    let needed = Set(try chosen().flatMap(\.advice.followUps))
    return FollowUp.allCases.filter(needed.contains)
  }

  public func check() throws -> [Finding] {
    let decided = try decided()
    var findings = decided.filter { $0.decision != .keep }.map { item in
      Finding(
        item.decision == item.advice.recommended ? .ok : .warning, item.advice.title,
        "\(Self.verb(item.decision)): \(item.decision == .copy ? item.advice.ifCopied : item.advice.why)",
        remedy: item.decision == item.advice.recommended
          ? nil : "the advice is to \(item.advice.recommended.rawValue) it: \(item.advice.why)")
    }
    if findings.isEmpty { findings.append(Finding(.ok, "settings", "nothing is to be changed")) }
    findings += decided.filter { !$0.advice.isKnown && $0.decision == .keep && $0.advice.state != .onlyTarget }.map {
      Finding(.warning, $0.advice.title, "is not known to this program; it stays as it is here")
    }
    let change = try SettingsChange(self, decided)
    if let container = Container.find(target) {
      findings += [container.finding] + (try change.files().isEmpty ? [] : notice(container, change).findings)
    }
    return findings + (try change.obstacles())
  }

  public func plan() throws -> Plan {
    let change = try SettingsChange(self, try decided())
    let files = try change.files()
    var phases = files.isEmpty ? [] : [Plan.Phase("settings", "Write \(files.map(\.name).joined(separator: ", "))")]
    if choices.runsFollowUps, !files.isEmpty {
      phases += try following(followUps()).plan().phases
    }
    return Plan(
      title: "Copy settings from \(source.label) to \(target.label)", phases: phases,
      leavesAlone: ["All other settings and secrets, byte for byte; the old files stay beside the new ones"])
  }

  public func run(progress: Progress) throws -> Summary {
    let findings = try check()
    guard !findings.contains(where: { $0.severity == .blocker }) else { throw Blocked(findings) }
    let decided = try decided()
    let change = try SettingsChange(self, decided)
    let files = try change.files()
    // Afterwards the servers differ no more, and nothing could be said about the differences.
    let needed = files.isEmpty ? [] : try followUps()
    var copies: [String] = []
    var steps: [String] = []
    if !files.isEmpty {
      if let container = Container.find(target) {
        let stamp = BackupLayout.stamp(Moment.now())
        steps = try notice(container, change).write("copied-\(stamp)")
      }
      copies = try progress.phase("settings", "Write \(files.map(\.name).joined(separator: ", "))") { _ in
        try ConfigurationChange.apply(
          files.map { ($0.file, $0.bytes) }, folder: target.root + target.brand.configurationFolder)
      }
    }
    let open = choices.runsFollowUps ? try following(needed).runAll(progress) : needed
    let changed = decided.filter { $0.decision != .keep }.map { "\($0.advice.title) (\($0.decision.rawValue))" }
    let summary = Summary(
      title: files.isEmpty ? "Nothing was changed" : "Settings are copied",
      facts: files.isEmpty
        ? []
        : [
          Summary.Fact("Changed", changed.joined(separator: ", ")),
          Summary.Fact("Old files", copies.joined(separator: ", ")),
        ], warnings: progress.warnings,
      nextSteps: open.flatMap { FollowUpOperation.instruction($0, target) } + steps)
    progress.finished(summary)
    return summary
  }

  /// What the container's environment has to say, so that the change outlives its next start.
  private func notice(_ container: Container, _ change: SettingsChange) throws -> ContainerNotice {
    let files = try change.environmentFiles()
    return ContainerNotice(
      container: container, environment: ContainerEnvironment(container, old: files.old, new: files.new))
  }

  private func following(_ followUps: [FollowUp]) -> FollowUpOperation {
    FollowUpOperation(target, followUps, registersForPush: choices.registersForPush)
  }

  // MARK: Decisions

  func decided() throws -> [(advice: SettingAdvice, decision: SettingDecision)] {
    let all = try SettingsAdvisor(from: source, to: target, facts: choices.facts).advice()
    var given: [String: SettingDecision] = [:]
    for (key, decision) in choices.decisions { given[try Self.find(key, all).id] = decision }
    let decided = try all.map { advice in
      let decision = given[advice.id] ?? (choices.followsAdvice ? advice.recommended : .keep)
      guard advice.choices.contains(decision) else {
        throw PlainFailure(
          .usage, advice.title, "this program cannot \(decision.rawValue) it: \(advice.why)",
          remedy: "choose \(advice.choices.map(\.rawValue).joined(separator: " or "))")
      }
      return (advice: advice, decision: decision)
    }
    // A file that is copied whole leaves nothing to be decided about its parts.
    let whole = Set(
      decided.filter { $0.decision == .copy && $0.advice.id == $0.advice.keys.first }.map(\.advice.file))
    return decided.filter { !whole.contains($0.advice.file) || $0.advice.id == $0.advice.keys.first }
  }

  private static func find(_ key: String, _ all: [SettingAdvice]) throws -> SettingAdvice {
    if let exact = all.first(where: { $0.id == key }) { return exact }
    let matching = all.filter { $0.keys.contains(key) || $0.id.hasSuffix(".\(key)") }
    if matching.count == 1 { return matching[0] }
    let shown = SafeText.clean(key, limit: 80)
    guard !matching.isEmpty else {
      throw PlainFailure(
        .usage, "'\(shown)'", "the two servers do not differ in it, or it is not there",
        remedy: "settings compare lists what can be decided")
    }
    throw PlainFailure(
      .usage, "'\(shown)'", "is in several files",
      remedy: "choose one of \(matching.map(\.id).joined(separator: ", "))")
  }

  private static func verb(_ decision: SettingDecision) -> String {
    switch decision {
    case .copy: "will be copied"
    case .keep: "stays"
    case .drop: "will be taken out"
    case .merge: "will be joined"
    }
  }
}

/// Brings back the configuration files as they were before the last ``CopySettingsOperation``.
public struct UndoSettingsOperation: Operation {
  public let installation: Installation
  /// Also where somebody has edited the files since.
  public let overwritesEdits: Bool

  public init(_ installation: Installation, overwritesEdits: Bool = false) {
    self.installation = installation
    self.overwritesEdits = overwritesEdits
  }

  public var name: String { "undo-settings" }

  private var folder: String { installation.root + installation.brand.configurationFolder }

  public func check() throws -> [Finding] {
    guard let note = try ConfigurationChange.last(in: folder) else {
      return [Finding(.blocker, "settings", "there is nothing to take back")]
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
      ? [Finding(.ok, "settings", "the files from before \(note.made.prefix(19)) are here")] : findings
  }

  public func plan() throws -> Plan {
    let note = try ConfigurationChange.last(in: folder)
    return Plan(
      title: "Take back the settings that were copied to \(installation.label)",
      phases: [Plan.Phase("undo", "Bring back \((note?.files ?? []).map(\.path).joined(separator: ", "))")])
  }

  public func run(progress: Progress) throws -> Summary {
    let findings = try check()
    guard !findings.contains(where: { $0.severity == .blocker }) else { throw Blocked(findings) }
    guard let note = try ConfigurationChange.last(in: folder) else { throw Blocked(findings) }
    try progress.phase("undo", "Bring back the old files") { _ in try ConfigurationChange.undo(note, in: folder) }
    let summary = Summary(
      title: "The settings are as they were",
      facts: [Summary.Fact("Files", note.files.map(\.path).joined(separator: ", "))],
      nextSteps: followUps(of: note).flatMap { FollowUpOperation.instruction($0, installation) })
    progress.finished(summary)
    return summary
  }

  /// What was run after the copy made the machine fit the copied files: it has to be run again for the old ones.
  private func followUps(of note: ConfigurationChange.Note) -> [FollowUp] {
    let touchesMachine = note.files.contains {
      $0.path.hasSuffix(installation.brand.secretsFile) || $0.path.hasSuffix(installation.brand.configurationFile)
    }
    return touchesMachine ? [.configureQueue, .applyConfiguration, .restart] : [.restart]
  }
}
