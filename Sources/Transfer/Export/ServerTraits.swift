import Postgres
import Server

/// The differences between server versions that matter to an export.
///
/// Derived from the database itself: its column names and its applied migrations.
struct ServerTraits: Sendable, Equatable {
  /// Whether users consent to the export of their private data by a setting; earlier versions use a reaction.
  let hasConsentSetting: Bool
  /// Whether the server's own exporter omits private rows of users who did not agree from partial exports, and client
  /// names that no user of the organization used from all exports.
  var guardsPrivateRows: Bool { hasConsentSetting }
  /// Whether the names of avatar files depend on the user's id and the avatar's version.
  let hasVersionedAvatars: Bool
  /// Whether the originals of custom emoji are stored too.
  let keepsEmojiOriginals: Bool

  /// Whether the server stores a list of exports; its exporter then writes row counts to `stats.json`.
  let listsExports: Bool

  private static let versionedAvatars = 544
  private static let emojiOriginals = 553

  init(_ catalog: Catalog, migrations: [String: [String]]) {
    let newest = MigrationStatus.newestNumber(migrations["zerver"] ?? [])
    hasConsentSetting = catalog[TableName.userProfile]?.column("allow_private_data_export") != nil
    listsExports = catalog[TableName.realmExport] != nil
    hasVersionedAvatars = newest >= Self.versionedAvatars
    keepsEmojiOriginals = newest >= Self.emojiOriginals
  }
}
