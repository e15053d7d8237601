import Common
import Operations
import Server

/// Converts decisions into the new content of files.
struct SettingsChange {
  struct File {
    let name: String
    let file: ConfigurationFile
    let bytes: [UInt8]
  }

  private let source: ConfigurationSource
  private let target: Installation
  private let decided: [(advice: SettingAdvice, decision: SettingDecision)]

  init(
    _ operation: CopySettingsRun, _ decided: [(advice: SettingAdvice, decision: SettingDecision)]
  ) throws {
    source = operation.source
    target = operation.target
    self.decided = decided.filter { $0.decision != .keep }
  }

  /// Returns the files that change.
  func files() throws -> [File] {
    try SettingAdvice.File.allCases.compactMap { kind in
      guard decided.contains(where: { $0.advice.file == kind }) else { return nil }
      let file = try ConfigurationFile(path(kind))
      let new = Array(try text(kind, old: file.text).utf8)
      return new == file.bytes ? nil : File(name: FileSystem.name(of: path(kind)), file: file, bytes: new)
    }
  }

  /// Returns all three files, before and after the change.
  func environmentFiles() throws -> (old: ContainerEnvironment.Files, new: ContainerEnvironment.Files) {
    var old = ContainerEnvironment.Files(
      settings: "", conf: target.configuration, secrets: target.secrets)
    if FileSystem.exists(path(.settings)) {
      old.settings = String(decoding: try FileSystem.read(path(.settings)), as: UTF8.self)
    }
    var new = old
    for change in try files() {
      let text = String(decoding: change.bytes, as: UTF8.self)
      if change.file.isSame(as: path(.settings)) { new.settings = text }
      if change.file.isSame(as: path(.configuration)) { new.conf = try ConfFile(text, name: change.name) }
      if change.file.isSame(as: path(.secrets)) { new.secrets = Secrets(try ConfFile(text, name: change.name)) }
    }
    return (old, new)
  }

  func obstacles() throws -> [Finding] {
    try files().flatMap { change -> [Finding] in
      var findings = [change.file.obstacle].compactMap { $0 }
      if Array(change.file.text.utf8) != change.file.bytes {
        findings.append(
          Finding(.blocker, change.name, "is not UTF-8 text: it cannot be changed safely", remedy: "change it by hand"))
      }
      return findings
    }
  }

  func diff() throws -> [String] {
    let masks = MaskedFiles()
    var lines: [String] = []
    for file in try files() {
      let new = String(decoding: file.bytes, as: UTF8.self)
      switch file.name {
      case FileSystem.name(of: path(.settings)):
        lines += UnifiedDiff.between(masks.settings(file.file.text), masks.settings(new), name: file.file.path)
      case FileSystem.name(of: path(.configuration)):
        let name = file.file.path
        lines += UnifiedDiff.between(
          try masks.configuration(file.file.text, name: name), try masks.configuration(new, name: name), name: name)
      default:
        lines += ["--- \(file.file.path)", "+++ \(file.file.path)"]
        lines += secretKeys().map { "+\($0.target) = (the old server's secret)" }
      }
    }
    return lines.map { SafeText.clean($0) }
  }

  // MARK: Texts

  private func text(_ kind: SettingAdvice.File, old: String) throws -> String {
    let items = decided.filter { $0.advice.file == kind }
    if items.contains(where: { $0.decision == .copy && $0.advice.id == $0.advice.keys.first }) {
      return (kind == .settings ? source.settings : source.configurationText) ?? old
    }
    switch kind {
    case .settings: return settings(items, old)
    case .configuration: return try configuration(items, old)
    case .secrets:
      var editor = try ConfFileEditor(old, name: path(kind))
      for key in secretKeys() {
        if let value = source.secrets[key.source] { try editor.set("secrets", key.target, to: value.reveal()) }
      }
      return editor.text
    }
  }

  private func settings(_ items: [(advice: SettingAdvice, decision: SettingDecision)], _ old: String) -> String {
    let there = PythonSettings(source.settings ?? "")
    var here = PythonSettings(old)
    for item in items {
      guard let name = item.advice.keys.first else { continue }
      switch item.decision {
      case .copy:
        if let assignment = there[name] {
          here.set(name, to: assignment.source, comment: "Copied from \(SafeText.clean(source.label, limit: .name))")
        }
      case .merge:
        if let statement = Self.joined(name, there[name], here[name]) {
          here.set(name, to: statement, comment: "Joined")
        }
      case .drop: here.drop(name)
      case .keep: break
      }
    }
    return here.text
  }

  /// Returns this server's list followed by the additional entries of the old one, in this server's notation.
  private static func joined(
    _ name: String, _ there: PythonSettings.Assignment?, _ here: PythonSettings.Assignment?
  ) -> String? {
    guard let here, let own = here.literal?.texts, let others = there?.literal?.texts,
      case .sequence(let bracket, _)? = here.literal
    else { return nil }
    let all = own + others.filter { !own.contains($0) }
    guard let equals = here.source.firstIndex(of: "=") else { return nil }
    let left = here.source[..<equals].trimmed
    let closing = bracket == "(" ? ")" : bracket == "[" ? "]" : "}"
    let items = all.map { "    \(PythonLiteral.quoted($0)),\n" }.joined()
    return "\(left) = \(bracket)\n\(items)\(closing)\n"
  }

  private func configuration(
    _ items: [(advice: SettingAdvice, decision: SettingDecision)], _ old: String
  ) throws -> String {
    let there = source.configuration ?? ConfFile()
    var editor = try ConfFileEditor(old, name: path(.configuration))
    for item in items {
      guard let (section, key) = item.advice.place else { continue }
      if item.decision == .drop {
        try editor.drop(section, key)
      } else if let value = there.value(section, key) {
        try editor.set(section, key, to: value)
      }
    }
    return editor.text
  }

  /// Returns the names of secrets on both servers.
  private func secretKeys() -> [(source: String, target: String)] {
    let table = SecretTable(source: source.brand, target: target.brand, facts: MigrationFacts(kind: .import))
    let known = table.entries.flatMap(\.keys)
    return decided.filter { $0.advice.file == .secrets && $0.decision == .copy }.flatMap(\.advice.keys).map { key in
      known.first { $0.source == key } ?? (key, key)
    }
  }

  private func path(_ kind: SettingAdvice.File) -> String {
    let file =
      switch kind {
      case .settings: target.brand.settingsFile
      case .configuration: target.brand.configurationFile
      case .secrets: target.brand.secretsFile
      }
    return target.file(file)
  }
}
