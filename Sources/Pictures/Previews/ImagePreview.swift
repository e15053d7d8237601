/// Creates previews of images in messages, in the form of the server's `thumbnail` worker: WebP, within a maximum size.
///
/// The files are identical to the server's if no scaling is necessary. Images that the server's library treats
/// specially are left to the server: color profiles, transparency, rotated images, most animations.
public enum ImagePreview {
  /// A preview that the server stores for an image.
  public struct File: Sendable {
    public let bytes: [UInt8]
    /// Pixels.
    public let width: Int
    public let height: Int
    /// The maximum size in pixels; part of ``name``.
    public let maximalWidth: Int
    public let maximalHeight: Int
    public let isAnimated: Bool

    /// The file name, for example `840x560-anim.webp`.
    public var name: String { "\(maximalWidth)x\(maximalHeight)\(isAnimated ? "-anim" : "").webp" }
  }

  private static let frame = (width: 840, height: 560)
  /// The maximum size of a full-size replacement for formats that browsers cannot display.
  private static let large = (width: 4032, height: 3024)
  /// Larger images take too long; the server makes their previews on demand.
  static let maximalPixels = 12_000_000
  /// Animations with more frames are left to the server.
  public static let maximalFrames = 100
  private static let quality = 75

  /// Returns all previews of an image, in the server's order; none if they are left to the server.
  public static func make(from bytes: UnsafeRawBufferPointer) -> [File] {
    guard let image = MeasuredImage(bytes), image.width * image.height <= maximalPixels else { return [] }
    return (try? files(bytes, image)) ?? []
  }

  private static func files(_ bytes: UnsafeRawBufferPointer, _ image: MeasuredImage) throws(PictureFailure) -> [File] {
    if let plain = PlainTIFF(bytes) {
      guard image.frames == 1 else { return [] }
      let big = image.width >= image.height ? large : (width: large.height, height: large.width)
      let picture = try plain.bitmap()
      return [try still(picture, frame), try still(picture, big)].compactMap(\.self)
    }
    guard PreviewSource.isPlain(bytes) else { return [] }
    let header = try PictureHeader(bytes)
    guard header.format != .bmp, header.orientation == 1 else { return [] }
    if image.frames > 1 {
      guard header.format == .gif, image.width <= frame.width, image.height <= frame.height,
        let parts = GIFFrames.read(bytes), parts.count == image.frames
      else { return [] }
      return try animation(parts, image)
    }
    let picture = try Bitmap(decoding: bytes, header.format)
    guard picture.width == image.width, picture.height == image.height, !picture.isTransparent else { return [] }
    return [try still(picture, frame)].compactMap(\.self)
  }

  private static func still(_ picture: Bitmap, _ frame: (width: Int, height: Int)) throws(PictureFailure) -> File? {
    let small = try picture.fitted(width: frame.width, height: frame.height)
    guard let frames = WebPFile.picture(try small.webp(quality: quality)) else { return nil }
    return File(
      bytes: WebPFile.still(frames, width: small.width, height: small.height), width: small.width, height: small.height,
      maximalWidth: frame.width, maximalHeight: frame.height, isAnimated: false)
  }

  private static func animation(_ parts: [GIFFrames.Frame], _ image: MeasuredImage) throws(PictureFailure) -> [File] {
    var frames: [(milliseconds: Int, picture: [UInt8])] = []
    var first: File?
    for part in parts {
      let picture = try part.file.withBytes { bytes throws(PictureFailure) in try Bitmap(decoding: bytes, .gif) }
      guard picture.width == image.width, picture.height == image.height, !picture.isTransparent,
        let chunk = WebPFile.picture(
          try first == nil ? picture.webp(quality: quality) : picture.webpOfAnimation(quality: quality))
      else { return [] }
      if first == nil { first = try still(picture, frame) }
      frames.append((part.milliseconds, chunk))
    }
    guard let first else { return [] }
    let moving = File(
      bytes: WebPFile.animation(frames, width: image.width, height: image.height, loops: 0), width: image.width,
      height: image.height, maximalWidth: frame.width, maximalHeight: frame.height, isAnimated: true)
    return [moving, first]
  }
}

extension [UInt8] {
  fileprivate func withBytes<Value>(
    _ body: (UnsafeRawBufferPointer) throws(PictureFailure) -> Value
  ) throws(PictureFailure) -> Value {
    let result = withUnsafeBytes { bytes in Result { () throws(PictureFailure) in try body(bytes) } }
    return try result.get()
  }
}
