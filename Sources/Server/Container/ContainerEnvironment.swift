import Common

/// The changes to a container's environment that make its next start generate the given settings.
///
/// Values of secrets are shown only in ``ContainerNotice/privateText``, which is for a private file.
package struct ContainerEnvironment: Sendable, Equatable {
  struct Variable: Sendable, Equatable {
    let name: String
    let value: String
    let isSecret: Bool
  }

  /// The variables to set.
  private(set) var variables: [Variable] = []
  /// Secrets that the compose file provides as files, by their names there.
  private(set) var handedOver: [Variable] = []
  /// The variables to remove from the compose file.
  private(set) var removed: [String] = []
  /// Settings that no variable can express, as text.
  private(set) var beyond: [String] = []

  var isEmpty: Bool { variables.isEmpty && handedOver.isEmpty && removed.isEmpty && beyond.isEmpty }

  /// The files of a configuration, before or after a change.
  package struct Files {
    package var settings = ""
    package var conf = ConfFile()
    package var secrets = Secrets()

    package init(settings: String = "", conf: ConfFile = ConfFile(), secrets: Secrets = Secrets()) {
      self.settings = settings
      self.conf = conf
      self.secrets = secrets
    }
  }

  /// - Parameters:
  ///   - old: the files that the container has generated at its start.
  ///   - new: the files that it should generate from now on.
  package init(_ container: Container, old: Files, new: Files) {
    if container.settings != .kept { addSettings(container, old.settings, new.settings) }
    addConf(container, old.conf, new.conf)
    addSecrets(container, old.secrets, new.secrets)
    removed = Set(removed).subtracting(variables.map(\.name)).sorted()
  }

  // MARK: settings.py

  /// The locations of the services, which the compose file already defines.
  package static let services = [
    "MEMCACHED_LOCATION", "RABBITMQ_HOST", "RABBITMQ_PORT", "RABBITMQ_VHOST", "RABBITMQ_USERNAME", "REDIS_HOST",
    "REDIS_PORT",
  ]
  static let ofMachine =
    services + ["REMOTE_POSTGRES_HOST", "REMOTE_POSTGRES_PORT", "REMOTE_POSTGRES_SSLMODE", "LOCAL_UPLOADS_DIR"]

  private mutating func addSettings(_ container: Container, _ old: String, _ new: String) {
    let (old, new) = (ContainerSettings(old), ContainerSettings(new))
    var python: [String] = []
    for name in new.names where !Self.ofMachine.contains(name) {
      guard let assignment = new[name], !ContainerSettings.areEqual(assignment, old[name]) else { continue }
      switch ContainerPython.form(assignment, brand: container.brand) {
      case .variable(let variable, let value):
        let isSecret = SecretSigns.cover(name, value)
        variables.append(Variable(name: variable, value: value, isSecret: isSecret))
        // The line that the image writes for the shorter variable comes first, and would be overridden.
        if variable != "SETTING_\(name)" { drop("SETTING_\(name)", container) }
      case .statement(let statement):
        python.append(statement)
        drop("SETTING_\(name)", container)
      }
    }
    for name in old.names where new[name] == nil && !Self.ofMachine.contains(name) {
      drop("SETTING_\(name)", container)
    }
    let known = Set(old.otherStatements)
    let others = new.otherStatements.filter { !known.contains($0) }
    guard !(python + others).isEmpty else { return }
    let name = "\(container.brand.rawValue.uppercased())_CUSTOM_SETTINGS"
    let own = container.environment?[name].map { $0.hasSuffix("\n") ? $0 : $0 + "\n" } ?? ""
    // The image prints the variable with `echo -e`, which interprets backslashes.
    let added = (others + python).map { $0.replacing("\\", with: "\\\\") + "\n" }.joined()
    variables.append(Variable(name: name, value: own + added, isSecret: true))
  }

  /// Removes a variable if it is set, or if that is not known.
  private mutating func drop(_ name: String, _ container: Container) {
    guard container.environment.map({ $0[name] != nil }) ?? true else { return }
    removed.append(name)
  }

  // MARK: The conf file

  /// The keys that belong to the container itself: its role, its database, and the choice of CERTIFICATES.
  private static let confOfMachine: Set<String> = [
    "machine.puppet_classes", "machine.deploy_type", "postgresql.database_name", "postgresql.database_user",
    "application_server.http_only",
  ]

  private mutating func addConf(_ container: Container, _ old: ConfFile, _ new: ConfFile) {
    let isKept = container.keepsConfigurationInVolume
    for section in new.sections {
      for key in new.keys(of: section) where !Self.confOfMachine.contains("\(section).\(key)") {
        guard let value = new.value(section, key), value != old.value(section, key) else { continue }
        let name = "CONFIG_\(section)__\(key)"
        // A file in the volume is kept, but each start writes the values of the environment into it.
        if isKept, let environment = container.environment, environment[name] == nil { continue }
        guard Self.isWord(section), Self.isWord(key), !key.contains("__"), !value.isEmpty, !value.contains("\n") else {
          beyond.append(
            "\(container.brand.rawValue).conf: [\(SafeText.clean(section, limit: .word))] "
              + "\(SafeText.clean(key, limit: .word))")
          continue
        }
        variables.append(Variable(name: name, value: value, isSecret: SecretSigns.cover(key, value)))
      }
    }
    for section in old.sections {
      for key in old.keys(of: section) where new.value(section, key) == nil {
        if Self.confOfMachine.contains("\(section).\(key)") { continue }
        let name = "CONFIG_\(section)__\(key)"
        if let environment = container.environment, environment[name] == nil { continue }
        removed.append(name)
      }
    }
  }

  /// Returns whether the image accepts the name: lowercase letters, digits and `_`.
  private static func isWord(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { $0 == 0x5F || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
  }

  // MARK: Secrets

  /// The passwords of services in other containers, which get them from the compose file.
  package static let servicePasswords = [
    "postgres_password", "rabbitmq_password", "memcached_password", "redis_password",
  ]

  /// Secrets are stored in the volume, but the environment takes precedence.
  private mutating func addSecrets(_ container: Container, _ old: Secrets, _ new: Secrets) {
    let mounted = "\(container.root)/run/secrets/\(container.brand.rawValue)__"
    let file = ServerLink.destination(container.root + container.brand.secretsFile, root: container.root)
    let isKept =
      container.keepsConfigurationInVolume
      || file.hasPrefix(
        ServerLink.destination(container.root + Container.volume, root: container.root) + "/")
    for key in new.names where !Self.servicePasswords.contains(key) {
      guard let value = new[key], value != old[key] else { continue }
      if FileSystem.exists(mounted + key) {
        handedOver.append(
          Variable(name: "\(container.brand.rawValue)__\(key)", value: value.reveal(), isSecret: true))
        continue
      }
      let name = "SECRETS_\(key)"
      let isSet = container.environment.map { $0[name] != nil || $0["\(name)_FILE"] != nil }
      if isKept, isSet != true { continue }
      let text = value.reveal()
      let isName = key.utf8.allSatisfy { byte in
        byte == 0x5F || byte == 0x2D || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
      }
      guard isName, !key.hasSuffix("_FILE"), !text.isEmpty, !text.contains("\n") else {
        beyond.append("the secret \(SafeText.clean(key, limit: .word))")
        continue
      }
      variables.append(Variable(name: name, value: text, isSecret: true))
      if container.environment?["\(name)_FILE"] != nil { removed.append("\(name)_FILE") }
    }
  }
}
