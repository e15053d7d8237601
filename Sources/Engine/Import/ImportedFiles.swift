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

  /// - Parameters:
  ///   - users: new ids by the old ones.
  ///   - salt: the target's `avatar_salt`.
  ///   - attachments: old `path_id`s of the rows, which get new ones whether their file is there or not.
  init(
    _ archive: OpenedArchive, organization: Int64, users: IDMap, salt: Secret, attachments: [String]
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
      let ending = (record[1].text ?? path).hasSuffix(".original") ? ".original" : ".png"
      add(archive, "avatars/\(path)", .avatars, AvatarPath.hash(user: user, salt: salt) + ending)
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

  /// Copies all files to their places.
  func place(_ archive: OpenedArchive, into placed: PlacedFiles, meter: Meter) throws {
    for item in items {
      let file = try archive.open(item.member)
      try placed.add(item.place, item.target, from: file.descriptor)
      try meter.advance()
    }
  }

  private mutating func add(_ archive: OpenedArchive, _ member: String, _ place: PlacedFiles.Place, _ target: String) {
    guard archive.contains(member) else { return missing.append(SafeText.clean(member, limit: 200)) }
    guard !items.contains(where: { $0.place == place && $0.target == target && place == .avatars }) else { return }
    items.append(Item(member: member, place: place, target: target))
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
    }
  }
}
