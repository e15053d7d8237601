/// What a picture says about itself, read without decoding it.
public struct PictureHeader: Sendable, Equatable {
  public enum Format: Sendable, Equatable {
    case png, jpeg, gif, webp, bmp
  }

  /// Pictures with more are never decoded: a small file can claim a size that takes all memory.
  public static let maximalPixels = 25_000_000
  public static let maximalBytes = 64 << 20

  public let format: Format
  /// As stored, before the orientation is applied. Of several pictures in one file, the largest sides.
  public let width: Int
  public let height: Int
  /// How the picture has to be turned to be upright, 1…8 as EXIF numbers it; 1 is as it is.
  public let orientation: Int

  public var pixels: Int { width * height }

  /// - Throws: ``PictureFailure`` for anything that is not worth decoding, be it too large or cut off.
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

  /// By the first bytes: the names of files lie.
  private static func format(_ view: ByteView) -> Format? {
    if view.big(0, 4) == 0x8950_4E47, view.big(4, 4) == 0x0D0A_1A0A { return .png }
    if view.big(0, 3) == 0xFFD8FF { return .jpeg }
    if view.has("GIF87a", at: 0) || view.has("GIF89a", at: 0) { return .gif }
    if view.has("RIFF", at: 0), view.has("WEBP", at: 8) { return .webp }
    if view.has("BM", at: 0) { return .bmp }
    return nil
  }
}

/// How large the picture in a file is, and how it lies.
struct Layout {
  var width = 0
  var height = 0
  var orientation = 1

  /// One more picture in the file: what is decoded could be any of them.
  mutating func include(width: Int, height: Int) {
    self.width = max(self.width, width)
    self.height = max(self.height, height)
  }
}
