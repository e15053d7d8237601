import CGD
import Glibc

/// A decoded image: rows of true-color pixels, with 7 bits of alpha as libgd stores it: 0 is opaque, 127 transparent.
final class Bitmap {
  private let image: gdImagePtr

  private init(_ image: gdImagePtr) { self.image = image }

  deinit { gdImageDestroy(image) }

  var width: Int { Int(image.pointee.sx) }
  var height: Int { Int(image.pointee.sy) }

  private static let isQuiet: Void = cgd_be_quiet()

  /// Decodes an image; of an animation, the first frame.
  ///
  /// - Throws: ``PictureFailure`` with `.damaged` or `.outOfMemory`.
  init(decoding bytes: UnsafeRawBufferPointer, _ format: PictureHeader.Format) throws(PictureFailure) {
    _ = Self.isQuiet
    let rewritten: [UInt8]? =
      switch format {
      case .png: PNGLayout.essential(bytes)
      case .webp: WebPLayout.firstFrame(bytes)
      default: nil
      }
    let decoded =
      if let rewritten {
        rewritten.withUnsafeBytes { Self.decode($0, format) }
      } else {
        Self.decode(bytes, format)
      }
    guard let decoded else { throw PictureFailure(.damaged) }
    image = decoded
    guard gdImagePaletteToTrueColor(decoded) != 0 else { throw PictureFailure(.outOfMemory) }
  }

  private static func decode(_ bytes: UnsafeRawBufferPointer, _ format: PictureHeader.Format) -> gdImagePtr? {
    // libgd only reads the data, although its parameter is a mutable pointer.
    let data = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
    let size = Int32(bytes.count)
    return switch format {
    case .png: gdImageCreateFromPngPtr(size, data)
    // Ignores warnings (the last argument), as browsers do; truncated files were refused by `JPEGLayout`.
    case .jpeg: gdImageCreateFromJpegPtrEx(size, data, 1)
    case .gif: gdImageCreateFromGifPtr(size, data)
    case .webp: gdImageCreateFromWebpPtr(size, data)
    case .bmp: gdImageCreateFromBmpPtr(size, data)
    }
  }

  // MARK: Geometry

  /// Returns the largest centered square.
  func middle() throws(PictureFailure) -> Bitmap {
    let side = min(width, height)
    var frame = gdRect(
      x: Int32((width - side) / 2), y: Int32((height - side) / 2), width: Int32(side), height: Int32(side))
    guard let cropped = gdImageCrop(image, &frame) else { throw PictureFailure(.outOfMemory) }
    return Bitmap(cropped)
  }

  /// Returns the image scaled so that its shorter side has `side` pixels.
  func scaled(shorterSide side: Int) throws(PictureFailure) -> Bitmap {
    let short = min(width, height)
    // The Lanczos filter takes all source pixels into account, whatever the factor.
    gdImageSetInterpolationMethod(image, GD_LANCZOS3)
    guard
      let scaled = gdImageScale(
        image, UInt32(max(side, width * side / short)), UInt32(max(side, height * side / short)))
    else { throw PictureFailure(.outOfMemory) }
    return Bitmap(scaled)
  }

  /// Returns the image reduced to fit into a frame, with its aspect ratio; unchanged if it fits already.
  func fitted(width limitX: Int, height limitY: Int) throws(PictureFailure) -> Bitmap {
    guard width > limitX || height > limitY else { return self }
    // The side that exceeds its limit by the larger factor gets the limit; the other is computed and rounded.
    let byWidth = width * limitY >= height * limitX
    let newWidth = byWidth ? limitX : max(1, (2 * width * limitY + height) / (2 * height))
    let newHeight = byWidth ? max(1, (2 * height * limitX + width) / (2 * width)) : limitY
    gdImageSetInterpolationMethod(image, GD_LANCZOS3)
    guard let scaled = gdImageScale(image, UInt32(newWidth), UInt32(newHeight)) else {
      throw PictureFailure(.outOfMemory)
    }
    return Bitmap(scaled)
  }

  /// Returns the image turned upright.
  ///
  /// - Parameter orientation: the EXIF orientation, 1 to 8; other values leave the image unchanged.
  func upright(orientation: Int) throws(PictureFailure) -> Bitmap {
    guard (2...8).contains(orientation) else { return self }
    let isTurned = orientation >= 5
    let (newWidth, newHeight) = isTurned ? (height, width) : (width, height)
    guard let made = gdImageCreateTrueColor(Int32(newWidth), Int32(newHeight)) else {
      throw PictureFailure(.outOfMemory)
    }
    let result = Bitmap(made)
    let (lastX, lastY) = (width - 1, height - 1)
    for y in 0..<newHeight {
      let row = result.row(y)
      for x in 0..<newWidth {
        let (sourceX, sourceY) =
          switch orientation {
          case 2: (lastX - x, y)
          case 3: (lastX - x, lastY - y)
          case 4: (x, lastY - y)
          case 5: (y, x)
          case 6: (y, lastY - x)
          case 7: (lastX - y, lastY - x)
          default: (lastX - y, x)
          }
        row?[x] = self.row(sourceY)?[sourceX] ?? 0
      }
    }
    return result
  }

  /// Creates an image from the colors of its pixels.
  static func made(
    width: Int, height: Int, _ color: (_ x: Int, _ y: Int) -> Int32
  ) throws(PictureFailure) -> Bitmap {
    guard let made = gdImageCreateTrueColor(Int32(width), Int32(height)) else { throw PictureFailure(.outOfMemory) }
    let result = Bitmap(made)
    for y in 0..<height {
      guard let row = result.row(y) else { continue }
      for x in 0..<width { row[x] = color(x, y) }
    }
    return result
  }

  /// Returns the centered square of `side` pixels, turned upright. `orientation` is the EXIF orientation.
  func upright(side: Int, orientation: Int) throws(PictureFailure) -> Bitmap {
    guard let made = gdImageCreateTrueColor(Int32(side), Int32(side)) else { throw PictureFailure(.outOfMemory) }
    let result = Bitmap(made)
    let left = (width - side) / 2
    let top = (height - side) / 2
    let last = side - 1
    for y in 0..<side {
      let row = result.row(y)
      for x in 0..<side {
        let (sourceX, sourceY) =
          switch orientation {
          case 2: (last - x, y)
          case 3: (last - x, last - y)
          case 4: (x, last - y)
          case 5: (y, x)
          case 6: (y, last - x)
          case 7: (last - y, last - x)
          case 8: (last - y, x)
          default: (x, y)
          }
        row?[x] = self.row(top + sourceY)?[left + sourceX] ?? 0
      }
    }
    return result
  }

  // MARK: Alpha

  var isTransparent: Bool {
    (0..<height).contains { y in
      guard let row = row(y) else { return false }
      return (0..<width).contains { row[$0] >> 24 != 0 }
    }
  }

  /// Multiplies the colors by their opacity (premultiplied alpha), so that invisible pixels do not affect the colors of
  /// their neighbours when the image is scaled.
  func weighColors() {
    change { color, seen in (color * seen + 63) / 127 }
  }

  /// Reverts ``weighColors()`` (to straight alpha).
  func unweighColors() {
    change { color, seen in seen == 0 ? 0 : min(255, (color * 127 + seen / 2) / seen) }
  }

  private func change(_ body: (_ color: Int32, _ seen: Int32) -> Int32) {
    for y in 0..<height {
      guard let row = row(y) else { continue }
      for x in 0..<width {
        let pixel = row[x]
        let seen = 127 - (pixel >> 24 & 0x7F)
        guard seen < 127 else { continue }
        row[x] =
          pixel & 0x7F00_0000 | body(pixel >> 16 & 0xFF, seen) << 16 | body(pixel >> 8 & 0xFF, seen) << 8
          | body(pixel & 0xFF, seen)
      }
    }
  }

  private func row(_ y: Int) -> UnsafeMutablePointer<Int32>? { image.pointee.tpixels[y] }

  // MARK: Encoding

  func png(keepsAlpha: Bool) throws(PictureFailure) -> [UInt8] {
    gdImageSaveAlpha(image, keepsAlpha ? 1 : 0)
    var size: Int32 = 0
    guard let data = gdImagePngPtrEx(image, &size, 6) else { throw PictureFailure(.outOfMemory) }
    defer { gdFree(data) }
    return Array(UnsafeRawBufferPointer(start: data, count: Int(size)))
  }

  /// Returns the image as a WebP file.
  ///
  /// - Parameter quality: 0 to 100.
  func webp(quality: Int) throws(PictureFailure) -> [UInt8] {
    var size: Int32 = 0
    guard let data = gdImageWebpPtrEx(image, &size, Int32(quality)) else { throw PictureFailure(.outOfMemory) }
    defer { gdFree(data) }
    return Array(UnsafeRawBufferPointer(start: data, count: Int(size)))
  }

  /// Returns the image as a WebP file, encoded for the second and later frames of an animation (without the deblocking
  /// filter).
  func webpOfAnimation(quality: Int) throws(PictureFailure) -> [UInt8] {
    var size = 0
    guard let data = cgd_webp_unfiltered(image, Float(quality), &size) else { throw PictureFailure(.outOfMemory) }
    defer { free(data) }
    return Array(UnsafeRawBufferPointer(start: data, count: size))
  }
}
