/// Pictures as the server shows people: squares of a fixed size.
public enum SquarePicture {
  /// A longer picture is cut before it is scaled: as a whole it would grow beyond all measure.
  private static let longestShape = 4

  /// The upright square in the middle of a picture, once in every size, as PNG.
  ///
  /// - Parameters:
  ///   - bytes: a PNG, JPEG, GIF (its first picture), WebP or BMP.
  ///   - sides: how many pixels wide and high each result is; none to learn only whether the picture can be decoded.
  /// - Returns: files in the order of `sides`.
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

  /// A square of one unobtrusive color, as PNG: for a picture that is lost.
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
