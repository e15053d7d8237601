import Common
import Glibc
import Operations

/// Tells an operator what to set in the compose file: in a private file with the values of secrets, on the terminal and
/// in logs without them.
package struct ContainerNotice {
  let container: Container
  let environment: ContainerEnvironment

  package init(container: Container, environment: ContainerEnvironment) {
    self.container = container
    self.environment = environment
  }

  /// The changes as an override for Compose.
  ///
  /// Contains secrets.
  var privateText: String {
    var text = """
      # What the environment of the container needs, so that its next start makes the settings that it was given.
      # Merge it into compose.override.yaml; with Helm, put the variables below the environment of values.yaml, and write
      # $ where $$ is written here. This file holds secrets: delete it afterwards.
      services:
        \(container.brand.rawValue):
          environment:

      """
    for variable in environment.variables {
      text += "      \(variable.name): \(YAML.compose(variable.value))\n"
    }
    if environment.variables.isEmpty { text += "      {}\n" }
    if !environment.handedOver.isEmpty {
      text += "# Secrets of the compose file; give them these values, in its .env file or in the files that it names:\n"
      for secret in environment.handedOver { text += "#   \(secret.name): \(YAML.quoted(secret.value))\n" }
    }
    return text + remarks.map { "# \($0)\n" }.joined()
  }

  private var remarks: [String] {
    var remarks: [String] = []
    if !environment.removed.isEmpty {
      remarks.append("Take out of the compose file: \(environment.removed.joined(separator: ", "))")
    }
    if !environment.beyond.isEmpty {
      remarks.append(
        "No variable can hold this; keep it with MANUAL_CONFIGURATION and LINK_SETTINGS_TO_DATA: "
          + environment.beyond.joined(separator: ", "))
    }
    return remarks
  }

  private static let mostShown = 40

  /// The changes for a terminal.
  private var lines: [String] {
    let all =
      environment.variables.map { variable in
        let value = variable.isSecret ? "(in the file)" : SafeText.clean(YAML.compose(variable.value), limit: 160)
        return "\(variable.name): \(value)"
      } + environment.handedOver.map { "the compose file's secret \($0.name): (in the file)" } + remarks
    guard all.count > Self.mostShown else { return all }
    return all.prefix(Self.mostShown) + ["… and \(all.count - Self.mostShown) more, in the file"]
  }

  /// Writes the private file.
  ///
  /// - Parameter name: of the file, without its folder.
  /// - Returns: steps for a summary; none where nothing has to be set.
  package func write(_ name: String) throws -> [Summary.Step] {
    guard !environment.isEmpty else { return [] }
    let folder = Self.folder(root: container.root)
    try FileSystem.makeFolder(folder)
    let path = "\(folder)/\(name).yaml"
    try FileSystem.replace(path, with: privateText.utf8, mode: 0o600)
    return [
      Summary.Step(
        "The container makes its settings from its environment at each start. Set this in the compose file, or the next "
          + "start undoes it; the file with all values, secrets too, is \(path) (for root alone; delete it afterwards):",
        commands: lines),
      Summary.Step(
        "Then recreate the container, outside of it: docker compose up -d. Remove the values again after a roll back "
          + "or an undo"),
    ]
  }

  /// What is left to be set after a restore that was interrupted and went on.
  package static func reminder(root: String, restore id: String) -> [Summary.Step] {
    let path = file(root: root, restore: id)
    guard FileSystem.exists(path) else { return [] }
    return [
      "The container makes its settings from its environment at each start: set in the compose file what is in \(path)"
    ]
  }

  /// Deletes the private file of a finished restore.
  package static func forget(root: String, restore id: String) { unlink(file(root: root, restore: id)) }

  package static func fileName(restore id: String) -> String { "restore-\(id)" }

  private static func file(root: String, restore id: String) -> String {
    "\(folder(root: root))/\(fileName(restore: id)).yaml"
  }

  static func folder(root: String) -> String { "\(StateFolder.path(root: root))/settings" }

  /// The findings of a check before a change.
  package var findings: [Finding] {
    guard !environment.isEmpty else {
      return [Finding(.ok, "container", "its environment makes these settings already; nothing has to be set")]
    }
    let names = (environment.variables + environment.handedOver).map(\.name) + environment.removed + environment.beyond
    let shown = names.prefix(12).joined(separator: ", ") + (names.count > 12 ? " and \(names.count - 12) more" : "")
    return [
      Finding(
        .warning, "container",
        "its settings are made from its environment at each start: what is written now is undone by the next one, "
          + "unless the compose file says it: \(shown)",
        remedy: "set it there afterwards: the result lists the values, and a private file holds those of secrets")
    ]
  }
}

extension Container {
  /// The finding about the container itself in all checks of changes.
  public var finding: Finding {
    let by = "recognised by \(signs.joined(separator: ", "))"
    guard hasVolume else {
      return Finding(
        .warning, "container",
        "this server runs in a container (\(by)) without a volume \(Self.volume): what is written "
          + "in it is lost with it", remedy: "give it a volume at \(Self.volume) first")
    }
    switch settings {
    case .madeAtEachStart:
      return Finding(
        .ok, "container",
        "this server runs in one (\(by)); its settings.py is made from its environment at each start, its secrets and "
          + "uploads are in \(Self.volume), jobs and records of restores in \(StateFolder.path(root: root))")
    case .kept:
      return Finding(
        .ok, "container", "this server runs in one (\(by)); its settings are the operator's own and outlive it")
    case .lostWithTheContainer:
      return Finding(
        .warning, "container",
        "this server runs in one (\(by)) with MANUAL_CONFIGURATION, but its settings are neither in \(Self.volume) nor "
          + "mounted: they are lost when it is made again",
        remedy: "set LINK_SETTINGS_TO_DATA too, or mount \(brand.configurationFolder)")
    }
  }
}
