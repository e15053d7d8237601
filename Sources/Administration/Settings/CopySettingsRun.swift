import Common
import Glibc
import Operations
import Server

/// A copy of settings bound to its source and its target; see ``CopySettingsOperation``.
struct CopySettingsRun {
  let source: ConfigurationSource
  let target: Installation
  let choices: CopySettingsOperation.Choices

  init(from source: ConfigurationSource, to target: Installation, _ choices: CopySettingsOperation.Choices) {
    self.source = source
    self.target = target
    self.choices = choices
  }

  /// Returns the decision about each difference, in the order of the advice, without unchanged settings.
  func chosen() throws -> [(advice: SettingAdvice, decision: SettingDecision)] {
    try decided().filter { $0.decision != .keep }
  }

  /// The changes to settings.py and the conf file as unified diffs, and the secrets by name. Values of secrets are
  /// replaced by marks that show only whether they changed.
  func diff() throws -> [String] { try SettingsChange(self, try decided()).diff() }

  /// Returns the actions that the decisions make necessary afterwards, in execution order.
  func followUps() throws -> [FollowUp] {
    let needed = Set(try chosen().flatMap(\.advice.followUps))
    return FollowUp.allCases.filter(needed.contains)
  }

  func check() throws -> [Finding] {
    let overlap = try source.overlap(with: target)
    guard !overlap.contains(where: { $0.severity == .blocker }) else { return overlap }
    let decided = try decided()
    var findings = decided.filter { $0.decision != .keep }.map { item in
      Finding(
        item.decision == item.advice.recommended ? .ok : .warning, item.advice.title,
        "\(Self.verb(item.decision)): \(item.decision == .copy ? item.advice.ifCopied : item.advice.why)",
        remedy: item.decision == item.advice.recommended
          ? nil : "the advice is to \(item.advice.recommended.rawValue) it: \(item.advice.why)")
    }
    if findings.isEmpty {
      findings.append(
        Finding(
          .blocker, "settings", "the decisions change no setting: there is nothing to do",
          remedy: "see what differs: \(target.command(["settings", "compare", "--from", source.root ?? "FOLDER"]))",
          id: .nothingToDo
        ).about(.settings))
    }
    findings += decided.filter { !$0.advice.isKnown && $0.decision == .keep && $0.advice.state != .onlyTarget }.map {
      Finding(.warning, $0.advice.title, "is not known to this program, and is not changed")
    }
    let change = try SettingsChange(self, decided)
    if let container = Container.find(target) {
      findings += [container.finding] + (try change.files().isEmpty ? [] : notice(container, change).findings)
    }
    return overlap + findings + (try change.obstacles())
  }

  func plan() throws -> Plan {
    let change = try SettingsChange(self, try decided())
    let files = try change.files()
    var phases = files.isEmpty ? [] : [Plan.Phase(CopySettingsOperation.Phase.settings(files.map(\.name)))]
    if choices.runsFollowUps, !files.isEmpty {
      phases += try following(followUps()).phases
    }
    return Plan(
      title: "Copy settings from \(source.label) to \(target.label)", phases: phases,
      leavesAlone: ["All other settings and secrets, byte for byte; the old files stay beside the new ones"])
  }

  func run(_ progress: Progress) throws -> Summary {
    try progress.pass(check())
    let decided = try decided()
    let revealed = CopySettingsRun(from: try source.revealing(decided), to: target, choices)
    let change = try SettingsChange(revealed, decided)
    let files = try change.files()
    // Asked for before the files are written: afterwards there are no differences.
    let needed = files.isEmpty ? [] : try followUps()
    var copies: [String] = []
    var steps: [Summary.Step] = []
    if !files.isEmpty {
      if let container = Container.find(target) {
        let stamp = BackupLayout.stamp(Timestamp.now())
        steps = try notice(container, change).write("copied-\(stamp)")
      }
      copies = try progress.phase(CopySettingsOperation.Phase.settings(files.map(\.name))) { _ in
        try ConfigurationChange.apply(
          files.map { ($0.file, $0.bytes) }, folder: target.configurationFolder)
      }
    }
    let open = choices.runsFollowUps ? try following(needed).runAll(progress) : needed
    let changed = decided.filter { $0.decision != .keep }.map { "\($0.advice.title) (\($0.decision.rawValue))" }
    return Summary(
      title: files.isEmpty ? "Nothing was changed" : "Settings are copied",
      facts: files.isEmpty
        ? []
        : [
          Summary.Fact("Changed", changed.joined(separator: ", ")),
          Summary.Fact("Old files", copies.joined(separator: ", ")),
        ], nextSteps: open.flatMap { FollowUpRun.instruction($0, target) } + steps)
  }

  /// Returns the changes to the container's environment that keep the settings after its next start.
  private func notice(_ container: Container, _ change: SettingsChange) throws -> ContainerNotice {
    let files = try change.environmentFiles()
    return ContainerNotice(
      container: container, environment: ContainerEnvironment(container, old: files.old, new: files.new))
  }

  private func following(_ followUps: [FollowUp]) -> FollowUpRun {
    FollowUpRun(target, followUps, registersForPush: choices.registersForPush)
  }

  // MARK: Decisions

  func decided() throws -> [(advice: SettingAdvice, decision: SettingDecision)] {
    let all = try SettingsAdvisor(from: source, to: target, facts: choices.facts).advice()
    var given: [String: SettingDecision] = [:]
    for (key, decision) in choices.decisions { given[try find(key, all).id] = decision }
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

  private func find(_ key: String, _ all: [SettingAdvice]) throws -> SettingAdvice {
    if let exact = all.first(where: { $0.id == key }) { return exact }
    let matching = all.filter { $0.keys.contains(key) || $0.id.hasSuffix(".\(key)") }
    if matching.count == 1 { return matching[0] }
    let shown = SafeText.clean(key, limit: .label)
    guard !matching.isEmpty else {
      throw PlainFailure(
        .usage, "setting '\(shown)'", "it is the same on both servers, or neither has it",
        remedy: "see what can be decided: \(target.command(["settings", "compare", "--from", source.root ?? "FOLDER"]))"
      )
    }
    throw PlainFailure(
      .usage, "setting '\(shown)'", "several files contain it",
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
