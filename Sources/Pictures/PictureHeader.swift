/// The format, size and orientation of an image, read without decoding it.
public struct PictureHeader: Sendable, Equatable {
  public enum Format: Sendable, Equatable {
    case png, jpeg, gif, webp, bmp
  }

  /// The maximum number of pixels to decode: a small file can claim a size that exhausts the memory.
  public static let maximalPixels = 25_000_000
  public static let maximalBytes = 64 << 20

  public let format: Format
  /// Pixels as stored, before the orientation is applied. For several images in one file, the maximum of each side.
  public let width: Int
  public let height: Int
  /// The EXIF orientation, 1 to 8; 1 is upright.
  public let orientation: Int

  public var pixels: Int { width * height }

  /// Reads the header.
  ///
  /// - Throws: ``PictureFailure`` if the format is unknown, the file is damaged, or a limit is exceeded.
  public init(_ bytes: UnsafeRawBufferPointer) throws(PictureFailure) {
    guard bytes.count <= Self.maximalBytes else { throw PictureFailure(.tooManyBytes(bytes.count)) }
    let view = ByteView(bytes)
    guard let format = Self.format(view) else { throw PictureFailure(.unknownFormat) }
    let found: Layout? =
      switch format {
      case .png: PNGLayout.read(view)
      case .jpeg: JPEGLayout.read(view)
      case .gif: GIFLayout.read(view)
      case .webp: WebPLayout.read(view)
      case .bmp: BMPLayout.read(view)
      }
    guard let found, found.width > 0, found.height > 0 else { throw PictureFailure(.damaged) }
    guard found.width <= Self.maximalPixels / found.height else {
      throw PictureFailure(.tooLarge(width: found.width, height: found.height))
    }
    self.format = format
    width = found.width
    height = found.height
    orientation = found.orientation
  }

  public init(_ bytes: [UInt8]) throws(PictureFailure) {
    let result = bytes.withUnsafeBytes { bytes in Result { () throws(PictureFailure) in try PictureHeader(bytes) } }
    self = try result.get()
  }

  /// Detects the format from the first bytes: file names are unreliable.
  private static func format(_ view: ByteView) -> Format? {
    if view.big(0, 4) == 0x8950_4E47, view.big(4, 4) == 0x0D0A_1A0A { return .png }
    if view.big(0, 3) == 0xFFD8FF { return .jpeg }
    if view.has("GIF87a", at: 0) || view.has("GIF89a", at: 0) { return .gif }
    if view.has("RIFF", at: 0), view.has("WEBP", at: 8) { return .webp }
    if view.has("BM", at: 0) { return .bmp }
    return nil
  }
}

/// The size and orientation of an image in a file.
struct Layout {
  var width = 0
  var height = 0
  var orientation = 1

  /// Adds the size of another image in the file: the decoder may choose any of them.
  mutating func include(width: Int, height: Int) {
    self.width = max(self.width, width)
    self.height = max(self.height, height)
  }
}
