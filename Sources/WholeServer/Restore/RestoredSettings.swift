import Administration
import Common
import Glibc
import Server

/// The changes to settings from a backup: the values that belong to this machine, and those that the operator
/// requested.
struct RestoredSettings {
  let installation: Installation
  let options: RestoreOptions
  /// The settings as they are in the backup.
  let settings: SettingsFile
  let conf: ConfFile
  let secrets: Secrets

  /// One change, as text and as an edit.
  struct Change: Equatable {
    enum Edit: Equatable {
      case setting(String, SettingsFile.Value?)
      /// Nil removes the key.
      case conf(section: String, key: String, value: String?)
      case secret(String)
    }

    let text: String
    let edit: Edit
  }

  /// The settings that belong to this machine: the database is restored here, not where the old server had its own.
  private static let machineSettings = [
    "REMOTE_POSTGRES_HOST", "REMOTE_POSTGRES_PORT", "REMOTE_POSTGRES_SSLMODE", "LOCAL_UPLOADS_DIR",
  ]

  var changes: [Change] {
    var changes: [Change] = []
    let isInContainer = Container.find(installation) != nil
    // In a container the services are elsewhere, otherwise they are on this machine.
    let services = isInContainer || Container.isOfImage(conf) ? ContainerEnvironment.services : []
    for name in Self.machineSettings + services {
      let (here, there) = (installation.settings[name], settings[name])
      guard here != there, here != .some(.none) || there != nil else { continue }
      changes.append(
        Change(
          text: "\(name) stays \(Self.shown(here)), as on this machine; the backup has \(Self.shown(there))",
          edit: .setting(name, here)))
    }
    let here = installation.databaseParameters()
    let defaults = installation.brand.databaseName
    for (key, value) in [("database_name", here.database), ("database_user", here.user)]
    where conf.value("postgresql", key) ?? defaults != value && !options.keepsConfiguration {
      changes.append(
        Change(
          text: "\(key) stays \(value), as on this machine",
          edit: .conf(section: "postgresql", key: key, value: value)))
    }
    changes += role()
    let passwords = isInContainer ? ContainerEnvironment.servicePasswords.filter { $0 != "postgres_password" } : []
    for name in passwords where installation.secrets[name].map({ $0 != secrets[name] }) == true {
      changes.append(Change(text: "\(name) stays that of the container beside this one", edit: .secret(name)))
    }
    if let password = installation.secrets["postgres_password"], password != secrets["postgres_password"] {
      changes.append(
        Change(
          text: "postgres_password stays that of this machine's database", edit: .secret("postgres_password")))
    }
    if let host = options.externalHost, host != settings.text("EXTERNAL_HOST") {
      changes.append(
        Change(
          text: "EXTERNAL_HOST becomes \(SafeText.clean(host, limit: .name))",
          edit: .setting("EXTERNAL_HOST", .text(host))))
    }
    return changes
  }

  /// Keeps the role of the machine if one of the two servers is a container: with the role of the other, it would
  /// install services that are elsewhere, or remove local ones.
  private func role() -> [Change] {
    guard !options.keepsConfiguration, Container.isOfImage(conf) != Container.isOfImage(installation.configuration)
    else {
      return []
    }
    return [("machine", "puppet_classes"), ("application_server", "http_only")].compactMap { section, key in
      let here = installation.configuration.value(section, key)
      guard here != conf.value(section, key), here != nil || key == "http_only" else { return nil }
      let shown = here.map { SafeText.clean($0, limit: .title) } ?? "unset"
      return Change(
        text: "\(key) stays \(shown): one of the two servers is a container",
        edit: .conf(section: section, key: key, value: here))
    }
  }

  private static func shown(_ value: SettingsFile.Value?) -> String {
    guard let value else { return "unset" }
    return SecretSigns.cover("", literal(value)) ? "(a secret)" : SafeText.clean(literal(value), limit: .title)
  }

  private static func literal(_ value: SettingsFile.Value) -> String {
    switch value {
    case .text(let text): PythonLiteral.quoted(text)
    case .number(let number): String(number)
    case .bool(let truth): truth ? "True" : "False"
    case .none: "None"
    }
  }

  /// Applies the changes in a folder that contains the settings of the backup.
  func apply(in folder: String) throws {
    let brand = installation.brand
    let files = (
      settings: "\(folder)/settings.py", conf: "\(folder)/\(brand.rawValue).conf",
      secrets: "\(folder)/\(brand.rawValue)-secrets.conf"
    )
    if options.keepsConfiguration {
      try Self.copy(installation.file(brand.configurationFile), to: files.conf)
    }
    for change in changes {
      switch change.edit {
      case .setting(let name, let value):
        try Self.rewrite(files.settings) { text in
          var python = PythonSettings(text)
          if let value {
            python.set(
              name, to: "\(name) = \(Self.literal(value))", comment: "As on this machine when it was restored.")
          } else {
            python.drop(name)
          }
          return python.text
        }
      case .conf(let section, let key, let value):
        try Self.rewrite(files.conf) { text in
          var editor = try ConfFileEditor(text, name: files.conf)
          if let value { try editor.set(section, key, to: value) } else { try editor.drop(section, key) }
          return editor.text
        }
      case .secret(let name):
        guard let value = installation.secrets[name] else { continue }
        try Self.rewrite(files.secrets) { text in
          var editor = try ConfFileEditor(text, name: files.secrets)
          try editor.set("secrets", name, to: value.reveal())
          return editor.text
        }
      }
    }
    // Backups of other programs may have made them world-readable.
    var status = stat()
    if stat(files.secrets, &status) == 0 { chmod(files.secrets, status.st_mode & 0o640) }
  }

  private static func rewrite(_ path: String, _ change: (String) throws -> String) throws {
    var status = stat()
    let mode = stat(path, &status) == 0 ? status.st_mode & 0o777 : 0o640
    let bytes = FileSystem.exists(path) ? try FileSystem.read(path) : []
    guard let old = String(validating: bytes, as: UTF8.self) else {
      throw PlainFailure(
        .configuration, path, "is not UTF-8 text: it cannot be changed safely",
        remedy: "restore with --keep-settings, and copy the settings by hand")
    }
    try FileSystem.replace(path, with: try change(old).utf8, mode: mode)
  }

  private static func copy(_ source: String, to target: String) throws {
    guard FileSystem.exists(source) else { return }
    var status = stat()
    let mode = stat(source, &status) == 0 ? status.st_mode & 0o777 : 0o644
    try FileSystem.replace(target, with: try FileSystem.read(source), mode: mode)
  }
}
