import Archive
import Common
import Glibc
import Operations
import Server

/// Where settings and secrets are copied from: another server's root folder, a folder that is a copy of its `/etc/aloha`,
/// or a backup.
public struct ConfigurationSource: Sendable {
  /// How texts name it.
  public let label: String
  public let brand: Brand
  /// The text of settings.py; nil where there is none.
  public let settings: String?
  /// The machine's configuration; nil where there is none.
  public let configuration: ConfFile?
  /// The same as text.
  let configurationText: String?
  public private(set) var secrets: Secrets
  public let kind: Kind
  /// The root folder, where the source is a whole server: then its database can be asked too.
  public let root: String?
  /// The folder with the files, without links; nil for a backup.
  let folder: String?
  /// Where the rest of a server on another machine is; nil: everything is here.
  private(set) var remote: RemoteConfiguration?

  public enum Kind: String, Sendable, Codable {
    /// A server's root folder.
    case server
    /// A copy of its configuration folder.
    case folder
    case backup
  }

  /// `EXTERNAL_HOST`.
  public var host: String? { settings.map { SettingsFile($0) }?.text("EXTERNAL_HOST") }

  private static let largest = 4 << 20

  /// - Throws: `.notFound` where there is nothing at the path; `.unsuitableArchive` where there are no settings in it;
  ///   `.configuration` where a server would refuse its secrets or its configuration.
  public init(_ path: String, copiesProgram: Bool = false) throws {
    if RemoteAddress.isMeant(path) || path == RemoteConfiguration.standardInput {
      self = try RemoteConfiguration(path, copiesProgram: copiesProgram).source()
      return
    }
    guard try FileSystem.isPresent(path) else {
      throw PlainFailure(
        .notFound, path, "does not exist",
        remedy: "give a server's root folder, a copy of its /etc folder or of a container's /data, or a backup"
      )
    }
    guard FileSystem.isFolder(path) else {
      self = try Self.backup(path)
      return
    }
    let path = FileSystem.resolved(DataFolder.recognize(path)?.settings ?? path)
    let root = RootFolder(path).prefix
    for brand in Brand.allCases {
      let own = ServerLink.destination(root + brand.configurationFolder, root: root)
      for (folder, isRoot) in [(own, true), (path + "/settings", false), (path, false)] {
        let secrets = "\(folder)/\(FileSystem.name(of: brand.secretsFile))"
        guard
          try FileSystem.isPresent(secrets)
            || FileSystem.isPresent("\(folder)/\(FileSystem.name(of: brand.configurationFile))")
        else { continue }
        self = try Self.folder(folder, brand, root: isRoot ? path : nil, label: path)
        return
      }
    }
    throw PlainFailure(
      .notFound, path, "holds no settings of a server",
      remedy: "give a server's root folder, a copy of its /etc folder or of a container's /data, or a backup")
  }

  /// The settings of a server.
  public init(_ installation: Installation) throws {
    self = try Self.folder(
      installation.configurationFolder, installation.brand, root: RootFolder(installation.root).path,
      label: installation.label)
  }

  private init(
    label: String, brand: Brand, settings: [UInt8]?, configuration: [UInt8]?, secrets: [UInt8]?, root: String?,
    folder: String?, kind: Kind
  ) throws {
    self.kind = kind
    self.folder = folder
    func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
    func read(_ bytes: [UInt8]?, _ file: String) throws -> ConfFile? {
      try bytes.map { try ConfFile($0, name: "\(FileSystem.name(of: file)) of \(label)") }
    }
    self.label = label
    self.brand = brand
    self.settings = text(settings)
    self.configuration = try read(configuration, brand.configurationFile)
    configurationText = text(configuration)
    self.secrets = try read(secrets, brand.secretsFile).map(Secrets.init) ?? Secrets()
    self.root = root
  }

  private static func folder(_ folder: String, _ brand: Brand, root: String?, label: String) throws -> Self {
    func read(_ path: String) throws -> [UInt8]? {
      var path = "\(folder)/\(FileSystem.name(of: path))"
      if let root { path = ServerLink.destination(path, root: RootFolder(root).prefix) }
      return try FileSystem.isPresent(path) ? FileSystem.read(path, limit: largest) : nil
    }
    return try Self(
      label: label, brand: brand, settings: try read(brand.settingsFile),
      configuration: try read(brand.configurationFile), secrets: try read(brand.secretsFile), root: root,
      folder: folder, kind: root == nil ? .folder : .server)
  }

  // MARK: Of another machine

  /// Returns what another machine gets to compare with its own settings: without values of secrets, but for those that
  /// were decided.
  ///
  /// - Parameters:
  ///   - key: of the marks in place of the values.
  ///   - revealed: the names of secrets and settings whose values are needed.
  public func snapshot(key: String, revealing revealed: Set<String> = []) throws -> ConfigurationSnapshot {
    let marks = Fingerprints(key: key)
    let masks = MaskedFiles(marks, except: revealed)
    let configurationName = FileSystem.name(of: brand.configurationFile)
    return ConfigurationSnapshot(
      label: label, brand: brand,
      settings: revealed.contains("settings.py") ? settings : settings.map { masks.settings($0) },
      configuration: revealed.contains(configurationName)
        ? configurationText
        : try configurationText.map { try masks.configuration($0, name: configurationName) },
      secrets: Dictionary(
        secrets.names.map { name in
          let mark = marks.of([secrets[name]]) ?? ""
          return (name, revealed.contains(name) ? secrets[name]?.reveal() ?? "" : mark)
        }
      ) { first, _ in first })
  }

  init(_ snapshot: ConfigurationSnapshot, _ remote: RemoteConfiguration?) throws {
    try self.init(
      label: SafeText.clean(snapshot.label, limit: .name), brand: snapshot.brand,
      settings: snapshot.settings.map { Array($0.utf8) }, configuration: snapshot.configuration.map { Array($0.utf8) },
      secrets: nil, root: nil, folder: nil, kind: .server)
    secrets = Secrets(snapshot.secrets.mapValues { Secret($0) })
    self.remote = remote
  }

  /// Returns this server's own settings with the same marks as those of the source on another machine.
  func marked(like source: ConfigurationSource) throws -> ConfigurationSource {
    guard let remote = source.remote else { return self }
    return try ConfigurationSource(snapshot(key: remote.key), nil)
  }

  /// Returns the source with the values that were decided to be copied. They pass through the connection, and nowhere
  /// else.
  func revealing(
    _ decided: [(advice: SettingAdvice, decision: SettingDecision)]
  ) throws -> ConfigurationSource {
    guard let remote else { return self }
    let wanted = decided.filter { $0.decision == .copy || $0.decision == .merge }.flatMap(\.advice.keys)
    return wanted.isEmpty ? self : try remote.source(revealing: Set(wanted))
  }

  /// The settings stand near the beginning of a backup: what follows is not read.
  private static func backup(_ path: String) throws -> Self {
    let reader = try ArchiveReader(path)
    var found: [String: [UInt8]] = [:]
    let wanted = Set(
      Brand.allCases.flatMap {
        ["settings/" + FileSystem.name(of: $0.configurationFile), "settings/" + FileSystem.name(of: $0.secretsFile)]
      }
    )
    .union(["settings/settings.py"])
    while found.count < 3, let header = try reader.next() {
      guard wanted.contains(header.name) else { continue }
      guard header.size <= Int64(largest) else {
        throw PlainFailure(.damagedArchive, path, "\(header.name) is larger than any settings")
      }
      var bytes: [UInt8] = []
      while let piece = try reader.chunk() { bytes.append(contentsOf: piece) }
      found[header.name] = bytes
    }
    guard let brand = Brand.allCases.first(where: { found["settings/" + FileSystem.name(of: $0.secretsFile)] != nil })
    else {
      throw PlainFailure(
        .unsuitableArchive, path, "holds no settings: it is no backup of a server",
        remedy: "exports hold none; give a backup, or a copy of the old server's /etc folder")
    }
    return try Self(
      label: path, brand: brand, settings: found["settings/settings.py"],
      configuration: found["settings/" + FileSystem.name(of: brand.configurationFile)],
      secrets: found["settings/" + FileSystem.name(of: brand.secretsFile)], root: nil, folder: nil, kind: .backup)
  }
}
