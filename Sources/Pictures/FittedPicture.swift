/// Pictures as the server shows an organization's logos: whole, and not larger than a frame.
public enum FittedPicture {
  /// The upright picture, made smaller where it does not fit, as PNG.
  ///
  /// - Parameter bytes: a PNG, JPEG, GIF (its first picture), WebP or BMP.
  public static func make(
    from bytes: UnsafeRawBufferPointer, width: Int, height: Int
  ) throws(PictureFailure) -> [UInt8] {
    let header = try PictureHeader(bytes)
    let picture = try Bitmap(decoding: bytes, header.format).upright(orientation: header.orientation)
    let isTransparent = header.format != .jpeg && picture.isTransparent
    if isTransparent { picture.weighColors() }
    let result = try picture.fitted(width: width, height: height)
    if isTransparent { result.unweighColors() }
    return try result.png(keepsAlpha: isTransparent)
  }
}
