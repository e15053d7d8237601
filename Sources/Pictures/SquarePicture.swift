/// Scales images for avatars and emoji: squares of a fixed size.
public enum SquarePicture {
  /// An image with at least this aspect ratio is cropped before scaling: scaled completely, it would be too large.
  private static let longestShape = 4

  /// Returns the upright centered square of an image, once for each size, as PNG.
  ///
  /// - Parameters:
  ///   - bytes: a PNG, JPEG, GIF (first frame), WebP or BMP.
  ///   - sides: the widths (and heights) of the results in pixels; empty to test only whether the image can be decoded.
  /// - Returns: the files in the order of `sides`.
  /// - Throws: ``PictureFailure``.
  public static func make(from bytes: UnsafeRawBufferPointer, sides: [Int]) throws(PictureFailure) -> [[UInt8]] {
    let header = try PictureHeader(bytes)
    var picture = try Bitmap(decoding: bytes, header.format)
    let (short, long) = (min(picture.width, picture.height), max(picture.width, picture.height))
    if long / short >= longestShape { picture = try picture.middle() }
    let isTransparent = header.format != .jpeg && picture.isTransparent
    if isTransparent { picture.weighColors() }
    var results: [[UInt8]] = []
    for side in sides {
      let result = try picture.scaled(shorterSide: side).upright(side: side, orientation: header.orientation)
      if isTransparent { result.unweighColors() }
      results.append(try result.png(keepsAlpha: isTransparent))
    }
    return results
  }

  /// Returns a grey square as PNG, a placeholder for a lost image.
  public static func plain(side: Int) throws(PictureFailure) -> [UInt8] {
    try Bitmap.made(width: side, height: side) { _, _ in 0xB0B0B0 }.png(keepsAlpha: false)
  }

  public static func make(from bytes: [UInt8], sides: [Int]) throws(PictureFailure) -> [[UInt8]] {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(PictureFailure) in try make(from: bytes, sides: sides) }
    }
    return try result.get()
  }
}
