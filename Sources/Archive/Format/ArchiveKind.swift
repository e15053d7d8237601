import Common

/// The kind of an archive.
public enum ArchiveKind: Sendable, Equatable {
  /// An organization exported by this program, with its manifest.
  case ourExport
  /// An organization exported by the server's command, or by this program and repacked without its manifest.
  case officialExport
  /// A server backed up by this program or by the server's command.
  case backup
  /// Another archive; the text describes it.
  case other(String)

  public var isExport: Bool { self == .ourExport || self == .officialExport }

  /// For example "an export of an organization, made by this program".
  public var description: String {
    switch self {
    case .ourExport: "an export of an organization, made by this program"
    case .officialExport: "an export of an organization, made by the server's own command"
    case .backup: "a backup of a whole server"
    case .other(let what): what
    }
  }

  /// Returns the failure of an operation that needs another kind; nil if this kind is right.
  public func failure(expecting wanted: Expectation, path: String) -> ArchiveFailure? {
    switch (wanted, self) {
    case (.anything, _), (.export, .ourExport), (.export, .officialExport), (.backup, .backup): nil
    case (.export, .backup):
      ArchiveFailure(
        path, .unsuitable("this is \(description), not an export of an organization", remedy: "use restore for it"))
    case (.backup, .ourExport), (.backup, .officialExport):
      ArchiveFailure(
        path,
        // Recognized at its beginning, before its maker is known.
        .unsuitable("this is an export of an organization, not a backup of a server", remedy: "use import for it"))
    case (_, .other(let what)):
      ArchiveFailure(path, .unsuitable("this is \(what)", remedy: "give an archive that export or backup has made"))
    }
  }

  /// The kind that an operation needs.
  public enum Expectation: Sendable, Equatable {
    case anything, export, backup
  }
}

/// The content of an archive, as far as the members that were read tell.
public enum ArchiveContent: Sendable, Equatable {
  case export, backup
  /// Another archive; the text describes it.
  case other(String)
}

/// Members that identify a backup of a server, even a partial one, unless the archive is an export.
public enum BackupSigns {
  public static let names: Set<String> = [
    "database/toc.dat", "settings/settings.py", "settings/aloha.conf", "settings/zulip.conf",
    "settings/aloha-secrets.conf", "settings/zulip-secrets.conf",
  ]
}

/// Determines the kind of an archive from the names of its members, without storing them.
struct KindDetector {
  private var hasOrganization = false
  private var hasMessages = false
  private var hasDatabase = false
  private var hasSettings = false
  private var hasVersion = false
  /// Whether a member was found that only backups have.
  private var hasBackupSign = false
  private var hasSlackUsers = false
  private var hasSlackChannels = false
  private var isEmpty = true

  mutating func take(_ name: String) {
    isEmpty = false
    switch name {
    case "realm.json": hasOrganization = true
    case "aloha-version", "zulip-version": hasVersion = true
    case _ where BackupSigns.names.contains(name): hasBackupSign = true
    case "users.json": hasSlackUsers = true
    case "channels.json": hasSlackChannels = true
    default:
      if name.hasPrefix("messages-") && name.hasSuffix(".json") { hasMessages = true }
    }
    if name.hasPrefix("database/") { hasDatabase = true }
    if name.hasPrefix("settings/") { hasSettings = true }
  }

  /// Whether it can only be a backup, before all members are known.
  var isCertainlyBackup: Bool { hasVersion && (hasDatabase || hasSettings) && !hasOrganization }

  /// The content before all members are known; nil if the members so far do not tell.
  var contentSoFar: ArchiveContent? {
    if hasOrganization || hasMessages { return .export }
    if hasVersion || hasBackupSign || hasDatabase && hasSettings { return .backup }
    return nil
  }

  func kind(manifest: Manifest?) -> ArchiveKind {
    switch manifest?.kind {
    case .organizationExport: return .ourExport
    case .backup: return .backup
    case let kind?:
      return .other("an archive of a kind that this version does not know: \(SafeText.clean(kind.rawValue))")
    case nil: break
    }
    if hasOrganization { return .officialExport }
    if hasVersion || hasBackupSign || hasDatabase && hasSettings { return .backup }
    if hasMessages { return .other("an export that lacks realm.json") }
    if hasSlackUsers && hasSlackChannels { return .other("an export from Slack") }
    if isEmpty { return .other("an archive with nothing in it") }
    return .other("an archive of something else")
  }
}
