import Archive
import Common
import Pictures
import Server

/// Finds pictures of an archive that an import cannot use, before anything is changed.
///
/// Only the beginning of each file is read: a picture that is truncated later is found when it is imported.
struct PicturePreview {
  let archive: OpenedArchive
  let survey: ArchiveIndex

  /// Returns one sentence per kind of problem; empty if no picture is missing.
  func sentences() throws -> [String] {
    let owners = try peopleWithPictures()
    let files = try ImportedFiles(
      archive, organization: survey.organization.id, users: IDMap(old: owners, new: owners),
      names: AvatarNames(salt: Secret(""), versions: nil), survey: survey, keepsEmojiOriginals: false)
    return try [people(owners, files), emoji(files), organization(files)].compactMap(\.self)
  }

  private func people(_ owners: [Int64], _ files: ImportedFiles) throws -> String? {
    var lost = Set(owners)
    for avatar in files.avatars {
      if try [avatar.original, avatar.small, avatar.medium].contains(where: isImage) { lost.remove(avatar.user) }
    }
    guard !lost.isEmpty else { return nil }
    return "\(Amount.of(Int64(lost.count), "avatar")) missing or damaged: these people get the default one"
  }

  private func emoji(_ files: ImportedFiles) throws -> String? {
    let lost = try files.emoji.filter { try ![$0.picture, $0.original].contains(where: isImage) }
    guard !lost.isEmpty else { return nil }
    let names = lost.prefix(5).map { ":\($0.name):" }.joined(separator: ", ")
    let more = lost.count > 5 ? " and \(lost.count - 5) more" : ""
    return "the pictures of custom emoji \(names)\(more) missing or damaged"
  }

  private func organization(_ files: ImportedFiles) throws -> String? {
    var claimed: [OrganizationPictures.Kind] = []
    let kinds = OrganizationPictures.Kind.allCases
    try survey.realm.rows(of: TableName.realm, keys: kinds.map { "\($0.rawValue)_source" }) { row in
      claimed += kinds.enumerated().filter { row[$0.offset].text == "U" }.map(\.element)
    }
    let lost = try claimed.filter { kind in
      let own = files.icons.filter { ["\(kind.rawValue).png", "\(kind.rawValue).original"].contains($0.name) }
      return try !own.contains { try isImage($0.member) }
    }
    guard !lost.isEmpty else { return nil }
    return "the organization's \(lost.map(\.title).joined(separator: " and ")) missing or damaged"
  }

  /// Returns the users whose rows say that they uploaded an avatar.
  private func peopleWithPictures() throws -> [Int64] {
    var found: [Int64] = []
    for table in [TableName.userProfile, TableName.mirrorDummies] {
      try survey.realm.rows(of: table, keys: ["id", "avatar_source"]) { row in
        if let id = row[0].int, row[1].text == "U" { found.append(id) }
      }
    }
    return found
  }

  private func isImage(_ member: String?) throws -> Bool {
    guard let member else { return false }
    return try archive.open(member).withMappedBytes { MeasuredImage($0) != nil || (try? PictureHeader($0)) != nil }
  }
}
