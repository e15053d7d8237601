import Postgres

/// What the versions of the server differ in, as far as an export must know.
///
/// Read from the database itself: what its columns are called and which migrations it has had.
struct ServerTraits: Sendable, Equatable {
  /// Whether users decide by a setting of theirs if their private data may be exported; before, by a reaction.
  let hasConsentSetting: Bool
  /// Whether the server's own exporter keeps private rows of users who did not agree out of partial exports, and names of
  /// programs that nobody of the organization used out of all.
  var guardsPrivateRows: Bool { hasConsentSetting }
  /// Whether names of avatar files are made from the user's id and the avatar's version.
  let hasVersionedAvatars: Bool
  /// Whether custom emoji are kept as they were uploaded, too.
  let keepsEmojiOriginals: Bool

  /// Whether the server keeps a list of exports; its exporter then counts what it wrote in `stats.json`.
  let listsExports: Bool

  private static let versionedAvatars = 544
  private static let emojiOriginals = 553

  init(_ catalog: Catalog, migrations: [String: [String]]) {
    let newest = MigrationStatus.newestNumber(migrations["zerver"] ?? [])
    hasConsentSetting = catalog["zerver_userprofile"]?.column("allow_private_data_export") != nil
    listsExports = catalog["zerver_realmexport"] != nil
    hasVersionedAvatars = newest >= Self.versionedAvatars
    keepsEmojiOriginals = newest >= Self.emojiOriginals
  }
}
