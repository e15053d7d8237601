import Archive
import Common

/// The files of an archive with the places that they get on the target: new paths for uploads, new names for avatars.
///
/// Files of messages are copied as they are. Pictures of people, of custom emoji and of the organization are looked at:
/// the server shows them in sizes and beside files that archives do not hold, and a picture that is none must not be
/// promised to anybody.
struct ImportedFiles {
  struct Item {
    /// The member of the archive.
    let member: String
    /// Below the organization's folder of message files on the target.
    let target: String
  }

  /// What is known of the pictures once they are in place; the rows are made to agree with it.
  struct Outcome {
    /// For the operator: what is missing, damaged or made anew.
    var warnings: [String] = []
    /// New ids of people who have a picture of their own.
    var pictured: Set<Int64> = []
    /// The organization's pictures that are there.
    var icons: Set<OrganizationPictures.Kind> = []
    /// Names of files of emoji that hold more than one picture.
    var animatedEmoji: Set<String> = []
  }

  private(set) var items: [Item] = []
  /// New `path_id`s by the old ones, with the organization's id in front.
  private(set) var uploadPaths: [String: String] = [:]
  /// The same for the folders alone, as links in texts are followed.
  private(set) var uploadFolders: [String: String] = [:]
  private var remarks = FileRemarks()
  private(set) var avatars: [AvatarPictures.Avatar] = []
  private var avatarOfUser: [Int64: Int] = [:]
  private(set) var emoji: [EmojiPictures.Emoji] = []
  private var emojiOfFile: [String: Int] = [:]
  private(set) var icons: [OrganizationPictures.Icon] = []
  private let keepsEmojiOriginals: Bool
  private let organization: Int64
  /// Targets of uploads: two records may claim the same.
  private var taken: Set<String> = []

  /// - Parameters:
  ///   - users: new ids by the old ones.
  ///   - names: how the target names avatars.
  ///   - survey: the rows that name files, which get new paths whether their file is there or not.
  ///   - keepsEmojiOriginals: whether the target has custom emoji as they were uploaded, and still ones, too.
  init(
    _ archive: OpenedArchive, organization: Int64, users: IDMap, names: AvatarNames, survey: ArchiveSurvey,
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

  /// Members of files of messages by where they are put, below the organization's folder.
  var membersOfUploads: [String: String] {
    Dictionary(items.map { ($0.target, $0.member) }) { first, _ in first }
  }

  /// How much ``place(_:into:meter:)`` has to do.
  var steps: Int64 { Int64(items.count + avatars.count + emoji.count + icons.count) }

  /// Copies all files to their places, and makes those that the archive cannot have.
  func place(_ archive: OpenedArchive, into placed: PlacedFiles, meter: Meter) throws -> Outcome {
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
      // Without the ending of an original it is the picture that the server shows, always a PNG.
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

  /// Every emoji that has a row or a file: a row without a file is one that nobody could see.
  private mutating func emoji(_ archive: OpenedArchive, _ survey: ArchiveSurvey) throws {
    try survey.realm.rows(of: "zerver_realmemoji", keys: ["file_name", "name", "is_animated"]) { row in
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

  /// As the server makes paths: a random folder that nobody can guess, and the file's own name.
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

extension PlacedFiles {
  /// Copies a member of an archive, as ``add(_:_:from:)`` does.
  func copy(_ member: String, of archive: OpenedArchive, to place: Place, _ target: String) throws {
    let file = try archive.open(member)
    try withExtendedLifetime(file) { try add(place, target, from: file.descriptor) }
  }
}
