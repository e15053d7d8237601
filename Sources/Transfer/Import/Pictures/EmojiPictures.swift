import Archive
import Common
import Operations
import Pictures
import Server

/// Puts the pictures of custom emoji in place.
///
/// For each emoji, a server stores the original and the picture that it shows; for an animated emoji also a still
/// picture, for users who turned animations off. Archives hold no still pictures, and those of older servers and of
/// other products hold no originals.
struct EmojiPictures {
  struct Emoji {
    /// The file name on the server.
    let file: String
    /// The name that users type.
    let name: String
    /// Whether the archive's row says that the emoji is animated.
    var isAnimated = false
    /// The names of members of the archive.
    var picture: String?
    var original: String?
    var still: String?

    init(file: String, name: String) {
      self.file = file
      self.name = SafeText.clean(name, limit: .word)
    }
  }

  private static let side = 64
  private static let folder = "emoji/images"
  private static let shown = 20

  let emoji: [Emoji]
  let archive: OpenedArchive
  /// Whether this server requires originals and still pictures, whatever the archive has.
  let keepsOriginals: Bool

  func place(into placed: StagedUploads, _ outcome: inout ImportedFiles.Outcome, meter: Meter) throws {
    var damaged: [String] = []
    var missing: [String] = []
    for emoji in emoji {
      if emoji.picture == nil, emoji.original == nil {
        missing.append(emoji.name)
        try placeholder(emoji, into: placed)
      } else if try !place(emoji, into: placed, &outcome) {
        damaged.append(emoji.name)
      }
      try meter.advance()
    }
    if !damaged.isEmpty {
      outcome.warnings.append(
        "The pictures of \(Self.list(damaged)) are damaged, or none at all: the emoji are imported as they are; upload "
          + "other pictures for them")
    }
    if !missing.isEmpty {
      outcome.warnings.append(
        "The archive has no pictures of \(Self.list(missing)): these emoji are shown as a grey square until other "
          + "pictures are uploaded for them")
    }
  }

  /// Returns for example `1 custom emoji (:tada:)`.
  private static func list(_ names: [String]) -> String {
    let more = names.count > shown ? " and \(names.count - shown) more" : ""
    return "\(names.count) custom emoji (\(names.prefix(shown).map { ":\($0):" }.joined(separator: ", "))\(more))"
  }

  // MARK: One emoji

  private enum Quality {
    case readable
    /// An image of a format that is not decoded here.
    case image
    case damaged
  }

  /// - Returns: false if no picture of the emoji can be shown.
  private func place(_ emoji: Emoji, into placed: StagedUploads, _ outcome: inout ImportedFiles.Outcome) throws -> Bool
  {
    let candidates = [emoji.picture, emoji.original].compactMap(\.self)
    let usable = try candidates.first { try quality($0) != .damaged }
    guard let best = usable ?? candidates.first else { return false }

    let target = "\(Self.folder)/\(emoji.file)"
    try copy(best, target, into: placed)
    if keepsOriginals || emoji.original != nil {
      let isKept = try emoji.original.map { try $0 == best || quality($0) != .damaged } ?? false
      try copy(isKept ? emoji.original ?? best : best, "\(target).original", into: placed)
    }
    let frames = usable == nil ? 0 : try archive.open(best).withMappedBytes { MeasuredImage($0)?.frames ?? 0 }
    if frames > 1 { outcome.animatedEmoji.insert(emoji.file) }
    if emoji.still != nil || (keepsOriginals && (frames > 1 || emoji.isAnimated)) {
      try still(emoji, best, into: placed)
    }
    return usable != nil
  }

  private func still(_ emoji: Emoji, _ best: String, into placed: StagedUploads) throws {
    let base = emoji.file.lastIndex(of: ".").flatMap { $0 > emoji.file.startIndex ? emoji.file[..<$0] : nil }
    let target = "\(Self.folder)/still/\(base ?? emoji.file[...]).png"
    if let still = emoji.still, try quality(still) != .damaged { return try copy(still, target, into: placed) }
    for source in [emoji.original, emoji.picture].compactMap(\.self) {
      let picture = try archive.open(source).withMappedBytes { bytes in
        try? SquarePicture.make(from: bytes, sides: [Self.side]).first
      }
      if let picture { return try add(picture, target, into: placed) }
    }
    // An animated picture is better than none.
    try copy(best, target, into: placed)
  }

  private func quality(_ member: String) throws -> Quality {
    try archive.open(member).withMappedBytes { bytes in
      if (try? SquarePicture.make(from: bytes, sides: [])) != nil { return .readable }
      guard let image = MeasuredImage(bytes) else { return .damaged }
      // An image that is decoded here but failed is truncated or damaged; an animation still has other frames to show.
      let isDecodedHere = (try? PictureHeader(bytes)) != nil
      return isDecodedHere && image.frames == 1 ? .damaged : .image
    }
  }

  /// Copies a picture. The names in an archive can make two emoji share a file; the first one keeps it.
  private func copy(_ member: String, _ target: String, into placed: StagedUploads) throws {
    if placed.has(.avatars, target) { return }
    try placed.copy(member, of: archive, to: .avatars, target)
  }

  private func add(_ picture: [UInt8], _ target: String, into placed: StagedUploads) throws {
    if placed.has(.avatars, target) { return }
    try placed.add(.avatars, target, picture)
  }

  /// Writes a plain picture: the server's own exporter stops at an emoji without a file.
  private func placeholder(_ emoji: Emoji, into placed: StagedUploads) throws {
    let picture = try SquarePicture.plain(side: Self.side)
    let target = "\(Self.folder)/\(emoji.file)"
    try add(picture, target, into: placed)
    guard keepsOriginals else { return }
    try add(picture, "\(target).original", into: placed)
  }
}
