/// What the server's image library reads from the beginning of an image: its size as people see it, and how many
/// pictures it holds. Nothing is decoded.
///
/// The server keeps these facts for each uploaded image, and makes its previews by them. It measures the file itself
/// whatever its name says, so that this does, too.
public struct MeasuredImage: Sendable, Equatable {
  /// In pixels, after the image is turned upright.
  public let width: Int
  public let height: Int
  /// Pictures of an animation, or pages of a document; at least 1.
  public let frames: Int

  /// Pixels of one image that the server still makes previews of.
  static let maximalPixels = 90_000_000
  /// The same for an animation: at least three of its pictures must fit into a third of it.
  static let maximalAnimatedPixels = maximalPixels / 3
  private static let renderedFrames = 3

  /// Measures a PNG, JPEG, GIF, WebP, TIFF, HEIC or AVIF.
  ///
  /// - Returns: nil where the server makes no previews: another format, a damaged beginning, too many pixels.
  /// - Complexity: linear in the size of a GIF, a WebP or the directories of a TIFF; else the header is read.
  public init?(_ bytes: UnsafeRawBufferPointer) {
    let view = ByteView(bytes)
    guard let found = Self.read(view), found.width > 0, found.height > 0, found.frames > 0 else { return nil }
    let (pixels, overflow) = found.width.multipliedReportingOverflow(by: found.height)
    guard !overflow, pixels <= Self.maximalPixels else { return nil }
    guard found.frames == 1 || pixels * min(Self.renderedFrames, found.frames) <= Self.maximalAnimatedPixels else {
      return nil
    }
    let isTurned = (5...8).contains(found.orientation)
    width = isTurned ? found.height : found.width
    height = isTurned ? found.width : found.height
    frames = found.frames
  }

  public init?(_ bytes: [UInt8]) {
    guard let found = bytes.withUnsafeBytes({ MeasuredImage($0) }) else { return nil }
    self = found
  }

  /// By the first bytes: names and content types are what the sender called the file.
  private static func read(_ view: ByteView) -> ImageHeader? {
    if view.big(0, 4) == 0x8950_4E47, view.big(4, 4) == 0x0D0A_1A0A { return PNGHeader.read(view) }
    if view.big(0, 2) == 0xFFD8 { return JPEGHeader.read(view) }
    if view.has("GIF8", at: 0) { return GIFHeader.read(view) }
    if view.has("RIFF", at: 0), view.has("WEBP", at: 8) { return WebPHeader.read(view) }
    if view.has("II", at: 0) || view.has("MM", at: 0) { return TIFFHeader.read(view) }
    if view.has("ftyp", at: 4) { return HEIFHeader.read(view) }
    return nil
  }
}
