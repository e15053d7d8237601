import Archive
import Common

/// The files of an archive with the places that they get on the target: new paths for uploads, new names for avatars.
struct ImportedFiles {
  struct Item {
    /// The member of the archive.
    let member: String
    let place: PlacedFiles.Place
    /// Below the organization's folder on the target.
    let target: String
  }

  private(set) var items: [Item] = []
  /// New `path_id`s by the old ones, with the organization's id in front.
  private(set) var uploadPaths: [String: String] = [:]
  /// The same for the folders alone, as links in texts are followed.
  private(set) var uploadFolders: [String: String] = [:]
  /// Records of files that the archive does not have.
  private(set) var missing: [String] = []
  /// One a person whose picture is among the items.
  private(set) var avatars: [AvatarPictures.Avatar] = []
  private var avatarOfUser: [Int64: Int] = [:]
  /// Targets besides those of uploads: two records may claim the same.
  private var taken: Set<String> = []

  /// - Parameters:
  ///   - users: new ids by the old ones.
  ///   - names: how the target names avatars.
  ///   - attachments: old `path_id`s of the rows, which get new ones whether their file is there or not.
  init(
    _ archive: OpenedArchive, organization: Int64, users: IDMap, names: AvatarNames, attachments: [String]
  ) throws {
    for path in attachments { addUploadPath(path, organization: organization) }
    try records(archive, "uploads", keys: ["path", "s3_path"]) { record in
      guard let path = record[0].text else { return }
      let identity = record[1].text ?? path
      addUploadPath(identity, organization: organization)
      guard let target = uploadPaths[identity] else { return }
      add(archive, "uploads/\(path)", .messageFiles, String(target.dropFirst(String(organization).count + 1)))
    }
    try records(archive, "avatars", keys: ["path", "s3_path", "user_profile_id"]) { record in
      guard let path = record[0].text, let old = record[2].int, let user = users[old] else { return }
      // Without the ending of an original it is the picture that the server shows, always a PNG.
      let name = record[1].text ?? path
      // Made anew, as by the server.
      if name.hasSuffix("-medium.png") { return }
      let hash = names.name(user: user, oldUser: old)
      let isOriginal = name.hasSuffix(".original")
      guard add(archive, "avatars/\(path)", .avatars, hash + (isOriginal ? ".original" : ".png")) else { return }
      let index = avatarOfUser[user] ?? avatars.count
      if index == avatars.count { avatars.append(AvatarPictures.Avatar(user: user, oldUser: old, name: hash)) }
      avatarOfUser[user] = index
      if isOriginal { avatars[index].original = "avatars/\(path)" } else { avatars[index].small = "avatars/\(path)" }
    }
    try records(archive, "emoji", keys: ["path", "file_name"]) { record in
      guard let path = record[0].text else { return }
      let name = Self.lastPart(record[1].text ?? path)
      add(archive, "emoji/\(path)", .avatars, "emoji/images/\(name)")
    }
    try records(archive, "realm_icons", keys: ["path"]) { record in
      guard let path = record[0].text else { return }
      add(archive, "realm_icons/\(path)", .avatars, "realm/\(Self.lastPart(path))")
    }
  }

  /// How much ``place(_:into:meter:)`` has to do.
  var steps: Int64 { Int64(items.count + avatars.count) }

  /// Copies all files to their places, and makes those that the archive cannot have.
  ///
  /// - Returns: what the operator should know of files that are not as they should be.
  func place(_ archive: OpenedArchive, into placed: PlacedFiles, meter: Meter) throws -> [String] {
    for item in items {
      let file = try archive.open(item.member)
      try placed.add(item.place, item.target, from: file.descriptor)
      try meter.advance()
    }
    let warnings = try AvatarPictures(avatars: avatars, archive: archive).place(into: placed, meter: meter)
    return missing.map { "\($0) is listed in the archive, but not in it" } + warnings
  }

  /// - Returns: whether the file comes.
  @discardableResult
  private mutating func add(
    _ archive: OpenedArchive, _ member: String, _ place: PlacedFiles.Place, _ target: String
  ) -> Bool {
    guard archive.contains(member) else {
      missing.append(SafeText.clean(member, limit: 200))
      return false
    }
    guard place == .messageFiles || taken.insert(target).inserted else { return false }
    items.append(Item(member: member, place: place, target: target))
    return true
  }

  /// As the server makes paths: a random folder that nobody can guess, and the file's own name.
  private mutating func addUploadPath(_ old: String, organization: Int64) {
    guard uploadPaths[old] == nil else { return }
    let shelf = String(Int.random(in: 0...255), radix: 16)
    let folder = "\(organization)/\(shelf)/\(RandomText.urlSafe(24))"
    uploadPaths[old] = "\(folder)/\(Self.lastPart(old))"
    if let slash = old.lastIndex(of: "/") { uploadFolders[String(old[..<slash])] = folder }
  }

  private static func lastPart(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return name == "." || name == ".." ? "file" : name
  }

  private func records(
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
