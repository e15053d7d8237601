import Common

/// What an archive is.
public enum ArchiveKind: Sendable, Equatable {
  /// An organization, exported by this program: it has our manifest.
  case ourExport
  /// An organization, exported by the server's own command, or by this program and packed again without its manifest.
  case officialExport
  /// A whole server, backed up by this program or by the server's own command.
  case backup
  /// None of these; the text says what it seems to be.
  case other(String)

  public var isExport: Bool { self == .ourExport || self == .officialExport }

  /// "an export of an organization, made by this program"
  public var description: String {
    switch self {
    case .ourExport: "an export of an organization, made by this program"
    case .officialExport: "an export of an organization, made by the server's own command"
    case .backup: "a backup of a whole server"
    case .other(let what): what
    }
  }

  /// The error of an operation that needs something else; nil where this is what it needs.
  public func failure(expecting wanted: Expectation, path: String) -> ArchiveFailure? {
    switch (wanted, self) {
    case (.anything, _), (.export, .ourExport), (.export, .officialExport), (.backup, .backup): nil
    case (.export, .backup):
      ArchiveFailure(
        path, .unsuitable("this is \(description), not an export of an organization", remedy: "use restore for it"))
    case (.backup, .ourExport), (.backup, .officialExport):
      ArchiveFailure(
        path,
        // Seen at its beginning, where nothing says yet who made it.
        .unsuitable("this is an export of an organization, not a backup of a server", remedy: "use import for it"))
    case (_, .other(let what)):
      ArchiveFailure(path, .unsuitable("this is \(what)", remedy: "give an archive that export or backup has made"))
    }
  }

  /// What an operation needs.
  public enum Expectation: Sendable, Equatable {
    case anything, export, backup
  }
}

/// Members that make an archive a backup of a server, however partial, as long as it is no export.
public enum BackupSigns {
  public static let names: Set<String> = [
    "database/toc.dat", "settings/settings.py", "settings/aloha.conf", "settings/zulip.conf",
    "settings/aloha-secrets.conf", "settings/zulip-secrets.conf",
  ]
}

/// Finds out what an archive is from the names that pass, without keeping them.
struct KindDetector {
  private var hasOrganization = false
  private var hasMessages = false
  private var hasDatabase = false
  private var hasSettings = false
  private var hasVersion = false
  /// What only a server's backup has, whatever else is missing.
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

  /// Known before the end only for what can be nothing else.
  var isCertainlyBackup: Bool { hasVersion && (hasDatabase || hasSettings) && !hasOrganization }

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
