import Archive
import Common
import JSON
import Operations
import Server

/// The files of an archive and their places on the server: new paths for uploads, new names for avatars.
///
/// Files of messages are copied unchanged. Avatars, custom emoji and the organization's pictures are decoded: the
/// server shows them in several sizes and with additional files that archives do not hold, and the rows must not name a
/// picture that cannot be shown.
struct ImportedFiles {
  struct Item {
    /// The name of the member in the archive.
    let member: String
    /// The path below the organization's folder of message files on the server.
    let target: String
  }

  /// The result for the pictures once they are in place; the rows are adjusted to it.
  struct Outcome {
    /// Missing, damaged and regenerated pictures, as sentences for the operator.
    var warnings: [String] = []
    /// New ids of the users who have an uploaded avatar.
    var pictured: Set<Int64> = []
    /// The organization's pictures that exist.
    var icons: Set<OrganizationPictures.Kind> = []
    /// File names of animated emoji.
    var animatedEmoji: Set<String> = []
  }

  private(set) var items: [Item] = []
  /// The new `path_id` values by the old ones; each starts with the organization's id.
  private(set) var uploadPaths: [String: String] = [:]
  /// The same for the folders alone, which links in texts are mapped by.
  private(set) var uploadFolders: [String: String] = [:]
  private var remarks = FileRemarks()
  private(set) var avatars: [AvatarPictures.Avatar] = []
  private var avatarOfUser: [Int64: Int] = [:]
  private(set) var emoji: [EmojiPictures.Emoji] = []
  private var emojiOfFile: [String: Int] = [:]
  private(set) var icons: [OrganizationPictures.Icon] = []
  private let keepsEmojiOriginals: Bool
  private let organization: Int64
  /// The targets of uploads in use: two records may claim the same one.
  private var taken: Set<String> = []

  /// - Parameters:
  ///   - users: the new ids by the old ones.
  ///   - names: how the server names avatars.
  ///   - survey: the rows that name files; these get new paths even if the file is missing.
  ///   - keepsEmojiOriginals: whether the server also stores the originals and still versions of custom emoji.
  init(
    _ archive: OpenedArchive, organization: Int64, users: IDMap, names: AvatarNames, survey: ArchiveIndex,
    keepsEmojiOriginals: Bool
  ) throws {
    self.organization = organization
    self.keepsEmojiOriginals = keepsEmojiOriginals
    for path in survey.uploadPaths { addUploadPath(path) }
    try uploads(archive)
    try avatars(archive, users, names)
    try emoji(archive, survey)
    try Self.records(archive, "realm_icons", keys: ["path"]) { record in
      guard let path = record[0].text, archive.contains("realm_icons/\(path)") else { return }
      let name = FileName.last(of: path)
      guard FileName.isUsable(name) else { return remarks.add(.unusableName, name) }
      icons.append(OrganizationPictures.Icon(member: "realm_icons/\(path)", name: name))
    }
  }

  /// The members that hold files of messages, by target below the organization's folder.
  var membersOfUploads: [String: String] {
    Dictionary(items.map { ($0.target, $0.member) }) { first, _ in first }
  }

  /// The number of steps of ``place(_:into:meter:)``.
  var steps: Int64 { Int64(items.count + avatars.count + emoji.count + icons.count) }

  /// Copies all files to their places, and generates those that archives do not contain.
  func place(_ archive: OpenedArchive, into placed: StagedUploads, meter: Meter) throws -> Outcome {
    for item in items {
      try placed.copy(item.member, of: archive, to: .messageFiles, item.target)
      try meter.advance()
    }
    var outcome = Outcome(warnings: remarks.sentences)
    try AvatarPictures(avatars: avatars, archive: archive).place(into: placed, &outcome, meter: meter)
    try EmojiPictures(emoji: emoji, archive: archive, keepsOriginals: keepsEmojiOriginals)
      .place(into: placed, &outcome, meter: meter)
    try OrganizationPictures(icons: icons, archive: archive).place(into: placed, &outcome, meter: meter)
    return outcome
  }

  // MARK: Records

  private mutating func uploads(_ archive: OpenedArchive) throws {
    try Self.records(archive, "uploads", keys: ["path", "s3_path"]) { record in
      guard let path = record[0].text else { return remarks.add(.withoutPath, "uploads") }
      let identity = record[1].text ?? path
      guard archive.contains("uploads/\(path)") else { return }
      addUploadPath(identity)
      guard let new = uploadPaths[identity] else { return }
      let target = String(new.dropFirst(String(organization).count + 1))
      guard taken.insert(target).inserted else { return remarks.add(.claimedTwice, identity) }
      items.append(Item(member: "uploads/\(path)", target: target))
    }
  }

  private mutating func avatars(_ archive: OpenedArchive, _ users: IDMap, _ names: AvatarNames) throws {
    try Self.records(archive, "avatars", keys: ["path", "s3_path", "user_profile_id"]) { record in
      guard let path = record[0].text else { return remarks.add(.withoutPath, "avatars") }
      guard let old = record[2].int, let user = users[old] else { return remarks.add(.ofNobody, path) }
      let member = "avatars/\(path)"
      guard archive.contains(member) else { return }
      let index = avatarOfUser[user] ?? avatars.count
      if index == avatars.count {
        avatars.append(AvatarPictures.Avatar(user: user, oldUser: old, name: names.name(user: user, oldUser: old)))
        avatarOfUser[user] = index
      }
      // Without the suffix of an original, the file is the picture that the server shows, always a PNG.
      let name = record[1].text ?? path
      if name.hasSuffix(".original") {
        avatars[index].original = avatars[index].original ?? member
      } else if name.hasSuffix("-medium.png") {
        avatars[index].medium = avatars[index].medium ?? member
      } else {
        avatars[index].small = avatars[index].small ?? member
      }
    }
  }

  /// Collects each emoji that has a row or a file: a row without a file is an emoji that could not be displayed.
  private mutating func emoji(_ archive: OpenedArchive, _ survey: ArchiveIndex) throws {
    try survey.realm.rows(of: TableName.realmEmoji, keys: ["file_name", "name", "is_animated"]) { row in
      guard let file = row[0].text, !file.isEmpty else { return }
      guard FileName.isUsable(file) else { return remarks.add(.unusableName, file) }
      if emojiOfFile[file] == nil {
        emojiOfFile[file] = emoji.count
        emoji.append(EmojiPictures.Emoji(file: file, name: row[1].text ?? file))
      }
      if let index = emojiOfFile[file], row[2].isTrue { emoji[index].isAnimated = true }
    }
    try Self.records(archive, "emoji", keys: ["path", "s3_path", "file_name", "name"]) { record in
      guard let path = record[0].text else { return remarks.add(.withoutPath, "emoji") }
      let member = "emoji/\(path)"
      guard archive.contains(member) else { return }
      let identity = record[1].text ?? path
      let isOriginal = identity.hasSuffix(FileName.originalEnding)
      let file = record[2].text.map(FileName.last(of:)) ?? FileName.emoji(of: identity)
      guard FileName.isUsable(file) else { return remarks.add(.unusableName, file) }
      let index = emojiOfFile[file] ?? emoji.count
      if index == emoji.count {
        emoji.append(EmojiPictures.Emoji(file: file, name: record[3].text ?? file))
        emojiOfFile[file] = index
      }
      if isOriginal {
        emoji[index].original = emoji[index].original ?? member
      } else if identity.contains("/still/") {
        emoji[index].still = emoji[index].still ?? member
      } else {
        emoji[index].picture = emoji[index].picture ?? member
      }
    }
  }

  /// Generates a path as the server does: a random folder that cannot be guessed, and the file's own name.
  private mutating func addUploadPath(_ old: String) {
    guard uploadPaths[old] == nil else { return }
    let shelf = String(Int.random(in: 0...255), radix: 16)
    let folder = "\(organization)/\(shelf)/\(RandomText.urlSafe(24))"
    uploadPaths[old] = "\(folder)/\(FileName.stored(FileName.last(of: old)))"
    if let slash = old.lastIndex(of: "/") { uploadFolders[String(old[..<slash])] = folder }
  }

  private static func records(
    _ archive: OpenedArchive, _ kind: String, keys: [String], _ body: (RowReader) throws -> Void
  ) throws {
    let name = "\(kind)/records.json"
    guard archive.contains(name) else { return }
    try archive.open(name).withMappedBytes { bytes in
      var scanner = JSONScanner(bytes, name: name)
      var reader = RowReader(keys: keys)
      try scanner.array { scanner in
        try reader.read(&scanner)
        try body(reader)
      }
      try scanner.end()
    }
  }
}

extension StagedUploads {
  /// Copies a member of an archive in the way of ``add(_:_:from:)``.
  func copy(_ member: String, of archive: OpenedArchive, to place: Place, _ target: String) throws {
    let file = try archive.open(member)
    try withExtendedLifetime(file) { try add(place, target, from: file.descriptor) }
  }
}
