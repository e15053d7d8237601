import Archive
import Common
import Pictures
import Postgres
import Server

/// Registers which uploaded files are images, and their sizes: without that, the server shows no preview of them.
///
/// Each file is measured here; the archive's values are not trusted. Previews are generated for the newest plain
/// images, within a budget. The server generates all others: when an image is first viewed, or when it is put into the
/// server's queue.
struct ImagePreviews {
  let organization: Int64
  let archive: OpenedArchive
  /// The members of the archive by their places on this server, below the organization's folder.
  let members: [String: String]
  let placed: StagedUploads
  let model: DataModel
  let connection: Connection

  /// The maximum number of pixels of images that previews are generated from: about half a minute of work.
  private static let pixelBudget = 300_000_000
  private static let columns = [
    "path_id", "original_width_px", "original_height_px", "frames", "thumbnail_metadata", "realm_id", "content_type",
  ]

  /// The content types that the server generates previews for.
  private static let types: Set<String> = [
    "image/avif", "image/gif", "image/heic", "image/jpeg", "image/png", "image/tiff", "image/webp",
  ]
  private static let typeOfEnding = [
    "avif": "image/avif", "gif": "image/gif", "heic": "image/heic", "jpe": "image/jpeg", "jpeg": "image/jpeg",
    "jpg": "image/jpeg", "png": "image/png", "tif": "image/tiff", "tiff": "image/tiff", "webp": "image/webp",
  ]

  private struct Attachment {
    let id: String
    let path: String
    let type: String
    /// Whether the row of the attachment has no content type.
    let isUntyped: Bool
  }

  /// The result of ``create(_:)``.
  struct Result {
    /// New ids of the images whose previews are still missing.
    var images: [Int64] = []
    var warning: String?
  }

  /// Registers the images and generates previews within the budget. Call this after the attachments are written.
  func create(_ cancellation: Cancellation) throws -> Result {
    guard let table = model.catalog[TableName.imageAttachment] else { return Result() }
    let known = Set(Self.columns + ["id"])
    let foreign = table.columns.filter { !known.contains($0.name) && $0.isRequired && $0.defaultExpression == nil }
    guard foreign.isEmpty else {
      return Result(
        warning: "Images have no previews: this server wants to know \(foreign.map(\.name).joined(separator: ", ")) of "
          + "each, which this program does not")
    }
    let images = try attachments()
    try note(images.filter(\.isUntyped))
    let sizes = try images.map(measure)
    let previews = try makePreviews(images, sizes, cancellation)
    let columns = Self.columns.filter { table.column($0) != nil }
    try connection.copyIn(
      "COPY \(Identifier.quote(TableName.imageAttachment)) (\(Identifier.list(columns))) FROM STDIN"
    ) { writer in
      for (index, image) in images.enumerated() {
        guard let size = sizes[index] else { continue }
        let values = [
          "path_id": image.path, "original_width_px": String(size.width), "original_height_px": String(size.height),
          "frames": String(size.frames), "thumbnail_metadata": "[\((previews[index] ?? []).joined(separator: ", "))]",
          "realm_id": String(organization), "content_type": image.type,
        ]
        try writer.row(columns.map { values[$0] })
      }
    }
    let warning = Self.unshown(zip(images, sizes).filter { $1 == nil }.map(\.0.path))
    guard previews.count < sizes.count(where: { $0 != nil }) else { return Result(warning: warning) }
    return Result(
      images: try connection.query(
        "SELECT id FROM \(TableName.imageAttachment) WHERE realm_id = $1 AND thumbnail_metadata = '[]' ORDER BY id",
        [String(organization)]
      ).compactMap { $0[0].flatMap { Int64($0) } }, warning: warning)
  }

  private static func unshown(_ paths: [String]) -> String? {
    guard !paths.isEmpty else { return nil }
    let names = Set(paths.map { SafeText.clean(FileName.last(of: $0), limit: .word) }).sorted()
    let more = names.count > 3 ? ", …" : ""
    return
      "No previews (thumbnails) of \(Amount.of(Int64(paths.count), "file")) that should be images and are damaged, "
      + "missing or too large: \(names.prefix(3).joined(separator: ", "))\(more)"
  }

  /// - Returns: the server's metadata of each preview, by index in `images`.
  private func makePreviews(
    _ images: [Attachment], _ sizes: [MeasuredImage?], _ cancellation: Cancellation
  ) throws -> [Int: [String]] {
    var made: [Int: [String]] = [:]
    var budget = Self.pixelBudget
    for index in images.indices.reversed() {
      guard let size = sizes[index], let (member, target) = member(images[index]) else { continue }
      budget -= size.width * size.height * min(size.frames, ImagePreview.maximalFrames)
      guard budget >= 0 else { break }
      try cancellation.check()
      let files = try archive.open(member).withMappedBytes { ImagePreview.make(from: $0) }
      guard !files.isEmpty else { continue }
      for file in files { try placed.add(.previews, "\(target)/\(file.name)", file.bytes) }
      made[index] = files.map(Self.facts)
    }
    return made
  }

  private static func facts(_ file: ImagePreview.File) -> String {
    """
    {"width": \(file.width), "height": \(file.height), "animated": \(file.isAnimated), "byte_size": \(file.bytes.count), \
    "extension": "webp", "max_width": \(file.maximalWidth), "max_height": \(file.maximalHeight), \
    "content_type": "image/webp"}
    """
  }

  /// Returns the attachments that may be images, by their content type, or else by their file name.
  private func attachments() throws -> [Attachment] {
    let hasType = model.catalog[TableName.attachment]?.column("content_type") != nil
    return try connection.query(
      """
      SELECT id, path_id, \(hasType ? "content_type" : "NULL") FROM zerver_attachment WHERE realm_id = $1 ORDER BY id
      """, [String(organization)]
    ).compactMap { row in
      guard let id = row[0], let path = row[1] else { return nil }
      let said = row[2].map { Self.bare($0) }
      guard let type = said ?? Self.guess(path), Self.types.contains(type) else { return nil }
      return Attachment(id: id, path: path, type: type, isUntyped: hasType && said == nil)
    }
  }

  private func measure(_ image: Attachment) throws -> MeasuredImage? {
    try member(image).flatMap { try archive.open($0.member).withMappedBytes { MeasuredImage($0) } }
  }

  private func member(_ image: Attachment) -> (member: String, target: String)? {
    let prefix = "\(organization)/"
    guard image.path.hasPrefix(prefix) else { return nil }
    let target = String(image.path.dropFirst(prefix.count))
    return members[target].map { ($0, target) }
  }

  /// Sets the missing content types: archives of other products have none, and the server shows previews only with one.
  private func note(_ untyped: [Attachment]) throws {
    for (type, images) in Dictionary(grouping: untyped, by: \.type).sorted(by: { $0.key < $1.key }) {
      _ = try connection.query(
        "UPDATE zerver_attachment SET content_type = $1 WHERE id = ANY($2::bigint[])",
        [type, SQL.array(images.compactMap { Int64($0.id) })])
    }
  }

  /// Returns a content type such as `image/png; charset=binary` without its parameters.
  private static func bare(_ type: String) -> String {
    String(type.prefix { $0 != ";" }).trimmingSpaces.lowercased()
  }

  private static func guess(_ path: String) -> String? {
    path.lastIndex(of: ".").flatMap { typeOfEnding[path[path.index(after: $0)...].lowercased()] }
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
