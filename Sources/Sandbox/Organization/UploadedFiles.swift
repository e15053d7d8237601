/// The uploads of a story, as files of the server and as rows.
final class UploadedFiles {
  struct Upload {
    let attachment: Int
    /// The path below the folder `files` of the uploads, and after `/user_uploads/` in links.
    let path: String
  }

  private let realm: RealmRows
  private let folder: String
  private var repeated: [Upload] = []
  /// The maximum number of uploads of the picture in repeated conversations; further messages link to one of them.
  private static let repeatedLimit = 200

  /// - Parameter folder: the server's uploads folder.
  init(realm: RealmRows, folder: String) {
    self.realm = realm
    self.folder = folder
  }

  func upload(_ file: Conversation.Upload, owner: Int, at time: SampleTime, isPublic: Bool) throws -> Upload {
    guard file.kind == "again" else { return try make(file, owner: owner, at: time, isPublic: isPublic) }
    if repeated.count >= Self.repeatedLimit { return realm.random.pick(repeated) }
    let made = try make(file, owner: owner, at: time, isPublic: isPublic)
    repeated.append(made)
    return made
  }

  private func make(
    _ file: Conversation.Upload, owner: Int, at time: SampleTime, isPublic: Bool
  ) throws -> Upload {
    let bytes = content(of: file)
    let random = realm.random.token(24, from: .urlSafe)
    let part = String(realm.random.number(in: 0..<256), radix: 16)
    let path = "\(realm.id)/\(part)/\(random)/\(Self.safeName(file.name))"
    try SampleFile.write(bytes, to: "\(folder)/files/\(path)")
    let attachment = try realm.loader.add(
      "zerver_attachment",
      [
        "file_name": Cell(file.name), "path_id": Cell(path), "create_time": Cell(time - SampleTime.minute),
        "owner_id": Cell(owner), "is_realm_public": Cell(isPublic), "realm_id": Cell(realm.id),
        "size": Cell(bytes.count), "is_web_public": false,
      ])
    return Upload(attachment: attachment, path: path)
  }

  private func content(of file: Conversation.Upload) -> [UInt8] {
    switch file.kind {
    case "pdf": PDF.encode([file.name, "", "Made for a throw-away server. Nothing in it is true."])
    case "text": Array("\(file.name)\n\nMade for a throw-away server.\nNothing in it is true.\n".utf8)
    case "again":
      Picture(of: String(realm.random.next())).png(width: 120, height: 80)
    default: Picture(of: file.name).png(width: 320, height: 240)
    }
  }

  /// Returns a file name in the server's safe form: letters and digits of any script are kept, spaces become hyphens.
  static func safeName(_ name: String) -> String {
    var safe = ""
    for character in name {
      if character.isLetter || character.isNumber || character == "_" || character == "." {
        safe.append(character)
      } else if (character == "-" || character.isWhitespace) && safe.last != "-" {
        safe.append("-")
      }
    }
    return safe
  }
}
