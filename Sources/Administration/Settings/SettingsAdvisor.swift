import Common
import Server

/// Compares the settings and secrets of two servers and explains each difference.
///
/// Read-only. The recommendations depend on the facts of the migration, which the caller can correct.
public struct SettingsAdvisor: Sendable {
  public let source: ConfigurationSource
  public let target: Installation
  public let facts: MigrationFacts
  private let own: ConfigurationSource
  private let fingerprints = Fingerprints()

  public init(from source: ConfigurationSource, to target: Installation, facts: MigrationFacts) throws {
    self.source = source
    self.target = target
    self.facts = facts
    own = try ConfigurationSource(target).marked(like: source)
  }

  /// Returns all differences in display order: whole files, secrets, settings, the machine's configuration; unknown
  /// ones last in each group.
  public func advice() -> [SettingAdvice] {
    wholeFiles() + secrets() + settings() + configuration()
  }

  // MARK: Secrets

  private func secrets() -> [SettingAdvice] {
    let entries = SecretTable(source: source.brand, target: target.brand, facts: facts).entries
    var covered: Set<String> = []
    var advice = entries.compactMap { entry -> SettingAdvice? in
      covered.formUnion(entry.keys.flatMap { [$0.source, $0.target] })
      return secret(entry, isKnown: true)
    }
    let names = Set(source.secrets.names).union(own.secrets.names).subtracting(covered)
    advice += names.sorted().compactMap { secret(SecretTable.unknown($0), isKnown: false) }
    return advice
  }

  private func secret(_ entry: SecretTable.Entry, isKnown: Bool) -> SettingAdvice? {
    let pairs = entry.keys.map { (source.secrets[$0.source], own.secrets[$0.target]) }
    let states = pairs.compactMap { Self.state($0.0, $0.1) }
    guard let first = states.first else { return nil }
    let state = states.allSatisfy { $0 == first } ? first : .different
    guard state != .same else { return nil }
    let names = entry.keys.map(\.source)
    // A group is copied completely or not at all.
    let canCopy = pairs.allSatisfy { $0.0 != nil }
    let choices: [SettingDecision] = (canCopy ? [.copy] : []) + [.keep]
    return SettingAdvice(
      id: "secrets.\(names.joined(separator: "+"))", file: .secrets, keys: names,
      title: names.map { SafeText.clean($0, limit: .label) }.joined(separator: ", "), state: state,
      sourceValue: fingerprints.of(pairs.map(\.0)), targetValue: fingerprints.of(pairs.map(\.1)),
      purpose: entry.purpose, ifCopied: entry.ifCopied, ifKept: entry.ifKept, choices: choices,
      recommended: canCopy ? entry.recommended : .keep,
      why: canCopy ? entry.why : "the old server does not have it", isKnown: isKnown, followUps: entry.followUps)
  }

  // MARK: settings.py

  private func settings() -> [SettingAdvice] {
    let there = PythonSettings(source.settings ?? "")
    let here = PythonSettings(own.settings ?? "")
    let table = SettingTable(source: source.brand, facts: facts)
    let names = there.names + here.names.filter { there[$0] == nil }
    let advice = names.compactMap { name -> SettingAdvice? in
      let pair = (there[name], here[name])
      let state = Self.state(pair.0, pair.1) {
        $0.literal == $1.literal && ($0.literal != nil || $0.expression == $1.expression)
      }
      guard let state, state != .same else { return nil }
      return setting(name, pair, state, table.entry(name), obstacle: there.obstacle(name) ?? here.obstacle(name))
    }
    return advice.filter(\.isKnown) + advice.filter { !$0.isKnown }
  }

  private func setting(
    _ name: String, _ pair: (PythonSettings.Assignment?, PythonSettings.Assignment?), _ state: SettingAdvice.State,
    _ entry: SettingTable.Entry?, obstacle: String?
  ) -> SettingAdvice {
    var choices: [SettingDecision] = [.keep]
    if obstacle == nil {
      choices = (pair.0 == nil ? [] : [.copy]) + [.keep] + (pair.1 == nil ? [] : [.drop])
      if entry?.mergeable == true, pair.0?.literal?.texts != nil, pair.1?.literal?.texts != nil {
        choices.insert(.merge, at: 1)
      }
    }
    var wanted = pair.0 == nil ? .keep : entry?.recommended ?? .keep
    // Joining with nothing is copying.
    if wanted == .merge, pair.1 == nil { wanted = .copy }
    // The folders of a throw-away server are below its own root.
    let isElsewhere = wanted == .copy && namesOtherRoot(pair.0?.literal)
    if isElsewhere { wanted = .keep }
    let recommended = choices.contains(wanted) ? wanted : .keep
    let why =
      if let obstacle {
        "\(obstacle): change it by hand\(wanted == .copy ? ", for it should be copied" : "")"
      } else if pair.0 == nil {
        "the old server does not set it"
      } else if isElsewhere {
        "it names a folder of another root"
      } else {
        entry?.why ?? "unknown settings are copied only by your decision"
      }
    return SettingAdvice(
      id: "settings.\(name)", file: .settings, keys: [name], title: SafeText.clean(name, limit: .label), state: state,
      sourceValue: shown(name, pair.0), targetValue: shown(name, pair.1),
      purpose: entry?.purpose ?? "This program does not know this setting.",
      ifCopied: entry?.ifCopied ?? "This server uses the old server's value.",
      ifKept: entry?.ifKept ?? "This server keeps its own value.", choices: choices, recommended: recommended, why: why,
      isKnown: entry != nil, followUps: entry?.followUps ?? [.restart])
  }

  private func namesOtherRoot(_ literal: PythonLiteral?) -> Bool {
    guard case .text(let path)? = literal, path.hasPrefix("/") else { return false }
    return RootFolder(target.root).part(below: path) == nil
  }

  private func shown(_ name: String, _ assignment: PythonSettings.Assignment?) -> String? {
    guard let assignment else { return nil }
    let meant = assignment.literal?.description ?? ""
    if SecretSigns.cover(name, assignment.expression) || SecretSigns.cover(name, meant) {
      return fingerprints.of([Secret(assignment.expression)])
    }
    return SafeText.clean(assignment.literal?.description ?? assignment.expression, limit: .line)
  }

  // MARK: The conf file

  private func configuration() -> [SettingAdvice] {
    let there = source.configuration ?? ConfFile()
    let here = own.configuration ?? ConfFile()
    let table = SettingTable(source: source.brand, facts: facts)
    var advice: [SettingAdvice] = []
    for section in Set(there.sections).union(here.sections).sorted() {
      for key in Set(there.keys(of: section)).union(here.keys(of: section)).sorted() {
        let pair = (there.value(section, key), here.value(section, key))
        guard let state = Self.state(pair.0.map { Array($0.utf8) }, pair.1.map { Array($0.utf8) }), state != .same
        else { continue }
        let entry = table.configurationEntry(section, key)
        func shown(_ value: String?) -> String? {
          value.flatMap {
            SecretSigns.cover(key, $0) ? fingerprints.of([Secret($0)]) : SafeText.clean($0, limit: .line)
          }
        }
        advice.append(
          SettingAdvice(
            id: "configuration.\(section).\(key)", file: .configuration, keys: ["\(section).\(key)"],
            title: SafeText.clean("[\(section)] \(key)", limit: .label), state: state, sourceValue: shown(pair.0),
            targetValue: shown(pair.1), purpose: entry?.purpose ?? "This program does not know this setting.",
            ifCopied: entry?.ifCopied ?? "This machine uses the old machine's value.",
            ifKept: entry?.ifKept ?? "This machine keeps its own value.",
            choices: (pair.0 == nil ? [] : [.copy]) + [.keep] + (here.has(section, key) ? [.drop] : []),
            recommended: .keep,
            why: pair.0 == nil
              ? "the old server does not set it" : entry?.why ?? "unknown settings are copied only by your decision",
            isKnown: entry != nil, followUps: entry?.followUps ?? [.applyConfiguration, .restart], section: section))
      }
    }
    return advice.filter(\.isKnown) + advice.filter { !$0.isKnown }
  }

  // MARK: Whole files

  /// Copying whole files is right if this server replaces the old one: same name, same software, same paths.
  private func wholeFiles() -> [SettingAdvice] {
    let becomesOld = facts.kind == .restore && facts.replacesSource && source.brand == target.brand
    let files: [(SettingAdvice.File, String, String?, String?, FollowUp)] = [
      (.settings, "settings.py", source.settings, own.settings, .hostname),
      (
        .configuration, "\(target.brand.rawValue).conf", source.configurationText, own.configurationText,
        .applyConfiguration
      ),
    ]
    return files.compactMap { file, name, there, here, followUp in
      guard let there, let here, there != here, source.brand == target.brand else { return nil }
      let paths = file == .settings && Self.namesOtherRoot(there, target.root)
      let advised = becomesOld && !paths && file == .settings
      return SettingAdvice(
        id: name, file: file, keys: [name], title: "\(name), the whole file", state: .different,
        sourceValue: "\(there.utf8.count) bytes", targetValue: "\(here.utf8.count) bytes",
        purpose: file == .settings ? "How the server behaves." : "How the machine is set up.",
        ifCopied:
          "The file becomes the old server's; decisions below about its lines are ignored.",
        ifKept: "Only the decisions below are applied; every other byte is kept.", choices: [.copy, .keep],
        recommended: advised ? .copy : .keep,
        why: advised
          ? "this server becomes the old one: the manual calls the whole file safe to copy then"
          : paths
            ? "it names folders of another root"
            : file == .configuration
              ? "it describes the machine, and this one need not be like the old one"
              : "this server keeps its identity: single settings are safer",
        isKnown: true, followUps: [followUp, .restart])
    }
  }

  /// The paths of a throw-away server start with its root folder.
  private static func namesOtherRoot(_ settings: String, _ root: String) -> Bool {
    guard let uploads = SettingsFile(settings).text("LOCAL_UPLOADS_DIR") else { return false }
    return RootFolder(root).part(below: uploads) == nil
  }

  // MARK: States

  private static func state<Value: Equatable>(_ source: Value?, _ target: Value?) -> SettingAdvice.State? {
    state(source, target, ==)
  }

  private static func state<Value>(
    _ source: Value?, _ target: Value?, _ areSame: (Value, Value) -> Bool
  ) -> SettingAdvice.State? {
    switch (source, target) {
    case (nil, nil): nil
    case (nil, _): .onlyTarget
    case (_, nil): .onlySource
    case (let source?, let target?): areSame(source, target) ? .same : .different
    }
  }
}
