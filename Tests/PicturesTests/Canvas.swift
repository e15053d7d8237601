import CGD
import Pictures

/// Draws and encodes test pictures with the same library as the program.
final class Canvas {
  static let red: Int32 = 0xFF0000
  static let green: Int32 = 0x00FF00
  static let blue: Int32 = 0x0000FF
  static let white: Int32 = 0xFFFFFF
  static let clear: Int32 = 0x7F00_0000

  let image: gdImagePtr

  init(_ width: Int, _ height: Int, _ color: (_ x: Int, _ y: Int) -> Int32) {
    image = gdImageCreateTrueColor(Int32(width), Int32(height))
    gdImageAlphaBlending(image, 0)
    gdImageSaveAlpha(image, 1)
    for y in 0..<height { for x in 0..<width { image.pointee.tpixels[y]?[x] = color(x, y) } }
  }

  /// Four quarters of one color each.
  convenience init(corners: [Int32], _ width: Int, _ height: Int) {
    self.init(width, height) { x, y in corners[(y * 2 / height) * 2 + x * 2 / width] }
  }

  /// Decodes a result; nil if it is not a PNG.
  init?(png: [UInt8]) {
    var png = png
    guard let image = gdImageCreateFromPngPtr(Int32(png.count), &png) else { return nil }
    gdImagePaletteToTrueColor(image)
    self.image = image
  }

  deinit { gdImageDestroy(image) }

  var width: Int { Int(image.pointee.sx) }
  var height: Int { Int(image.pointee.sy) }

  subscript(_ x: Int, _ y: Int) -> (red: Int32, green: Int32, blue: Int32, alpha: Int32) {
    let pixel = image.pointee.tpixels[y]?[x] ?? 0
    return (pixel >> 16 & 0xFF, pixel >> 8 & 0xFF, pixel & 0xFF, pixel >> 24)
  }

  /// Returns the nearest of the tests' colors at a pixel.
  func name(_ x: Int, _ y: Int) -> Int32 {
    let color = self[x, y]
    return (color.red > 127 ? Self.red : 0) | (color.green > 127 ? Self.green : 0) | (color.blue > 127 ? Self.blue : 0)
  }

  /// The colors in the middle of the four quarters.
  var corners: [Int32] {
    let (a, b, c, d) = (width / 4, width * 3 / 4, height / 4, height * 3 / 4)
    return [name(a, c), name(b, c), name(a, d), name(b, d)]
  }

  // MARK: Files

  func file(_ format: PictureHeader.Format) -> [UInt8] {
    var size: Int32 = 0
    let data =
      switch format {
      case .png: gdImagePngPtr(image, &size)
      case .jpeg: gdImageJpegPtr(image, &size, 95)
      case .gif: withExtendedLifetime(palette) { gdImageGifPtr($0.image, &size) }
      case .webp: gdImageWebpPtrEx(image, &size, 95)
      case .bmp: gdImageBmpPtr(image, &size, 0)
      }
    return Self.bytes(data, size)
  }

  /// Returns an animated GIF of frames of the same size.
  static func animation(_ frames: [Canvas]) -> [UInt8] {
    var size: Int32 = 0
    var bytes: [UInt8] = []
    for (index, frame) in frames.enumerated() {
      withExtendedLifetime(frame.palette) { picture in
        if index == 0 { bytes += Self.bytes(gdImageGifAnimBeginPtr(picture.image, &size, 1, 0), size) }
        bytes += Self.bytes(gdImageGifAnimAddPtr(picture.image, &size, 1, 0, 0, 10, 1, nil), size)
      }
    }
    return bytes + Self.bytes(gdImageGifAnimEndPtr(&size), size)
  }

  /// A GIF whose left half is red and whose right half is transparent.
  static func halfTransparentGIF(side: Int) -> [UInt8] {
    let canvas = Canvas(copy: gdImageCreate(Int32(side), Int32(side)))
    let red = gdImageColorAllocate(canvas.image, 255, 0, 0)
    let black = gdImageColorAllocate(canvas.image, 0, 0, 0)
    gdImageColorTransparent(canvas.image, black)
    gdImageFilledRectangle(canvas.image, 0, 0, Int32(side), Int32(side), black)
    gdImageFilledRectangle(canvas.image, 0, 0, Int32(side / 2), Int32(side), red)
    var size: Int32 = 0
    return bytes(gdImageGifPtr(canvas.image, &size), size)
  }

  /// The picture with a palette of at most 256 colors.
  private var palette: Canvas { Canvas(copy: gdImageCreatePaletteFromTrueColor(image, 0, 256)) }

  private init(copy: gdImagePtr) { image = copy }

  private static func bytes(_ data: UnsafeMutableRawPointer?, _ size: Int32) -> [UInt8] {
    defer { gdFree(data) }
    return Array(UnsafeRawBufferPointer(start: data, count: Int(size)))
  }
}

extension [UInt8] {
  /// Returns the JPEG with an EXIF orientation, as cameras write it.
  func held(_ orientation: UInt8, littleEndian: Bool) -> [UInt8] {
    let tiff: [UInt8] =
      littleEndian
      ? [0x49, 0x49, 42, 0, 8, 0, 0, 0, 2, 0]
        + [0x0F, 0x01, 2, 0, 1, 0, 0, 0, 65, 0, 0, 0] + [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]
      : [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 2]
        + [0x01, 0x0F, 0, 2, 0, 0, 0, 1, 65, 0, 0, 0] + [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]
    let body = Array("Exif\0\0".utf8) + tiff + [0, 0, 0, 0]
    return Array(self[0..<2]) + [0xFF, 0xE1, UInt8((body.count + 2) >> 8), UInt8((body.count + 2) & 0xFF)] + body
      + Array(self[2...])
  }
}
