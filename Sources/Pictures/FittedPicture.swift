/// Scales images for the logos of an organization: complete, and within a maximum size.
public enum FittedPicture {
  /// Returns the upright image as PNG, reduced if it exceeds `width` × `height` pixels.
  ///
  /// - Parameter bytes: a PNG, JPEG, GIF (first frame), WebP or BMP.
  /// - Throws: ``PictureFailure``.
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
