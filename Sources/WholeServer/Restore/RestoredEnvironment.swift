import Common
import Server

/// The environment variables that this server's container needs after a restore.
struct RestoredEnvironment {
  let installation: Installation

  /// Returns the notice for the operator.
  ///
  /// - Parameter folder: the settings that will be in place, with all changes for this machine.
  /// - Returns: nil if the server is not in a container.
  func notice(settings folder: String) throws -> ContainerNotice? {
    guard let container = Container.find(installation) else { return nil }
    let brand = installation.brand
    let new = ContainerEnvironment.Files(
      settings: try text("\(folder)/settings.py"),
      conf: try ConfFile.read("\(folder)/\(brand.rawValue).conf") ?? ConfFile(),
      secrets: try ConfFile.read("\(folder)/\(brand.rawValue)-secrets.conf").map(Secrets.init) ?? Secrets())
    return ContainerNotice(
      container: container, environment: ContainerEnvironment(container, old: try here(), new: new))
  }

  /// Returns the notice by the content of a backup, before it is unpacked.
  func notice(_ head: BackupHeader, _ changes: [RestoredSettings.Change], keepsConf: Bool) throws -> ContainerNotice? {
    guard let container = Container.find(installation) else { return nil }
    var python = PythonSettings(head.text("settings.py") ?? "")
    for change in changes {
      guard case .setting("EXTERNAL_HOST", let value) = change.edit, case .text(let host) = value else { continue }
      python.set("EXTERNAL_HOST", to: "EXTERNAL_HOST = \(PythonLiteral.quoted(host))\n", comment: "")
    }
    let old = try here()
    let new = ContainerEnvironment.Files(
      settings: python.text, conf: keepsConf ? old.conf : head.conf ?? ConfFile(), secrets: head.secrets ?? Secrets())
    return ContainerNotice(container: container, environment: ContainerEnvironment(container, old: old, new: new))
  }

  private func here() throws -> ContainerEnvironment.Files {
    let path = Installation.path(
      of: installation.brand.settingsFile, root: installation.root, brand: installation.brand)
    return ContainerEnvironment.Files(
      settings: try text(path), conf: installation.configuration, secrets: installation.secrets)
  }

  private func text(_ path: String) throws -> String {
    FileSystem.exists(path) ? String(decoding: try FileSystem.read(path), as: UTF8.self) : ""
  }
}
