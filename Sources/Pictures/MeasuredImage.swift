/// The size and the number of frames of an image, read from its header without decoding, as the server's image library
/// (libvips) reports them.
///
/// The server stores these values for each uploaded image (`zerver_imageattachment`) and derives the previews from
/// them. Like the server, this ignores the file name and the content type.
public struct MeasuredImage: Sendable, Equatable {
  /// Pixels, after the orientation has been applied.
  public let width: Int
  public let height: Int
  /// The number of frames of an animation or pages of a document; at least 1.
  public let frames: Int

  /// The maximum number of pixels of an image for which the server makes previews (`IMAGE_BOMB_TOTAL_PIXELS`).
  static let maximalPixels = 90_000_000
  /// The same for an animation, whose first three frames at most are counted.
  static let maximalAnimatedPixels = maximalPixels / 3
  private static let renderedFrames = 3

  /// Reads a PNG, JPEG, GIF, WebP, TIFF, HEIC or AVIF.
  ///
  /// - Returns: nil if the server makes no previews: another format, a damaged header, too many pixels.
  /// - Complexity: linear in the size of a GIF or WebP, and of the directories of a TIFF; otherwise the header is read.
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

  /// Detects the format from the first bytes: names and content types come from the sender and are unreliable.
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
