import Common
import Operations
import Server

extension ManualBackup {
  /// Returns the backup with the parts of a copied volume listed separately. A part given separately takes precedence.
  ///
  /// - Throws: `.unsuitableArchive` if ``data`` is not such a copy, or contains nothing to restore.
  func resolved() throws -> ManualBackup {
    var parts = self
    if let path = data {
      guard let folder = DataFolder.recognize(path) else {
        let isFile = FileSystem.exists(path) && !FileSystem.isFolder(path)
        throw PlainFailure(
          .unsuitableArchive, SafeText.clean(path, limit: .path), "is no copy of a container's /data",
          remedy: isFile
            ? "unpack it into a folder of its own with tar -x, and give that folder"
            : "give the folder that holds uploads, backups and the secrets or etc-… of the server")
      }
      parts.data = nil
      parts.uploads = parts.uploads ?? folder.uploads
      parts.database = parts.database ?? folder.dumps.first
      parts.take(folder)
    }
    if let path = parts.uploads, let folder = DataFolder.recognize(path) { parts.uploads = folder.uploads }
    if let path = parts.database, let folder = DataFolder.recognize(path) { parts.database = folder.dumps.first }
    if let path = parts.settings, let folder = DataFolder.recognize(path) {
      parts.settings = nil
      parts.take(folder)
    }
    return parts
  }

  private mutating func take(_ folder: DataFolder) {
    if settings == nil { settings = folder.settings }
    let name = "\(folder.brand.rawValue)-secrets.conf"
    let hasOwn = settings.map { path in
      !FileSystem.isFolder(path)
        || (FileSystem.exists("\(path)/\(name)") && FileSystem.linkTarget("\(path)/\(name)") == nil)
    }
    if hasOwn != true { secrets = secrets ?? folder.secrets }
  }

  /// Returns the backup with the file of secrets added to the other settings: those given with it, otherwise those of
  /// this server, because the original server did not keep its settings in the volume.
  ///
  /// - Parameters:
  ///   - root: the root of this server; nil: there is none, and the secrets are alone.
  ///   - scratch: a private folder.
  func assembled(root: String?, in scratch: String) throws -> ManualBackup {
    guard let secrets else { return self }
    let name = FileSystem.name(of: secrets)
    let brand = Brand.allCases.first { name == "\($0.rawValue)-secrets.conf" } ?? .aloha
    let target = "\(scratch)/settings-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder(target)
    if let settings {
      // A link in a copy would lead to files of this machine, which belong to another server.
      try Self.copy(settings, to: target, followsLinks: false)
    } else if let root {
      try Self.copy(
        ServerLink.destination(root + brand.configurationFolder, root: root), to: target, followsLinks: true)
    }
    try FileSystem.replace("\(target)/\(name)", with: try FileSystem.read(secrets, limit: 1 << 20), mode: 0o640)
    var parts = self
    parts.settings = target
    parts.secrets = nil
    return parts
  }

  private static func copy(_ folder: String, to target: String, followsLinks: Bool) throws {
    for name in (try? FileSystem.names(in: folder)) ?? [] {
      let path = "\(folder)/\(name)"
      guard FileSystem.exists(path), followsLinks || FileSystem.linkTarget(path) == nil else { continue }
      try Subprocess("/bin/cp", [followsLinks ? "-aL" : "-a", "--", path, "\(target)/\(name)"], directory: "/")
        .runChecked()
    }
  }
}

extension RestoreSource {
  /// Returns the source with a copied volume, which may be given as a backup, split into its parts; and a dump of a
  /// container image as a manual backup with only the database.
  func resolved() throws -> RestoreSource {
    switch self {
    case .archive(let path):
      if DumpFile.isOfImage(path) { return .manual(ManualBackup(database: path)) }
      guard let folder = DataFolder.recognize(path) else { return self }
      return .manual(try ManualBackup(data: folder.path).resolved())
    case .manual(let parts): return .manual(try parts.resolved())
    }
  }
}

extension RestoreSource {
  /// Returns findings about the present and missing parts of a copied volume; empty for other sources.
  ///
  /// - Parameter isPartialAllowed: whether to restore a volume without a dump of the database, or without uploads.
  func volumeFindings(isPartialAllowed: Bool) -> [Finding] {
    let given: (path: String?, dump: String?) =
      switch self {
      case .archive(let path): (path, nil)
      case .manual(let parts): (parts.data, parts.database)
      }
    guard let folder = given.path.flatMap({ DataFolder.recognize($0) }) else { return [] }
    var findings: [Finding] = []
    if let dump = folder.dumps.first, given.dump == nil {
      let name = SafeText.clean(FileSystem.name(of: dump), limit: .name)
      let age = FileSystem.lastChange(dump).map { ", written \(Age.words($0))" } ?? ""
      findings.append(
        Finding(
          .ok, "volume",
          "the database is restored from \(name)\(age), the newest of \(Amount.of(Int64(folder.dumps.count), "dump"))"))
    } else if given.dump == nil {
      findings.append(
        Finding(
          isPartialAllowed ? .warning : .blocker, "volume",
          "contains no dump of the database in backups: this server's database would stay, with the files and secrets of "
            + "another one",
          remedy: "make one in its container (/sbin/entrypoint.sh app:backup), or give one with --database; "
            + "or restore without it with --partial"))
    }
    if folder.uploads == nil { findings.append(Finding(.warning, "volume", "holds no uploads")) }
    if folder.settings == nil {
      findings.append(
        Finding(.ok, "volume", "holds the secrets, but no other settings: this server keeps its own"))
    }
    return findings
  }
}
