import CGD
import Glibc

/// A decoded picture: rows of pixels in true color, with seven bits of alpha, 127 for what is not seen.
final class Bitmap {
  private let image: gdImagePtr

  private init(_ image: gdImagePtr) { self.image = image }

  deinit { gdImageDestroy(image) }

  var width: Int { Int(image.pointee.sx) }
  var height: Int { Int(image.pointee.sy) }

  private static let isQuiet: Void = cgd_be_quiet()

  /// Of an animation, its first picture.
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
    // Only read from, although the library's interface does not promise that.
    let data = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
    let size = Int32(bytes.count)
    return switch format {
    case .png: gdImageCreateFromPngPtr(size, data)
    // Browsers show pictures with small faults; one that is cut off has been refused before.
    case .jpeg: gdImageCreateFromJpegPtrEx(size, data, 1)
    case .gif: gdImageCreateFromGifPtr(size, data)
    case .webp: gdImageCreateFromWebpPtr(size, data)
    case .bmp: gdImageCreateFromBmpPtr(size, data)
    }
  }

  // MARK: Shapes

  /// The square in its middle.
  func middle() throws(PictureFailure) -> Bitmap {
    let side = min(width, height)
    var frame = gdRect(
      x: Int32((width - side) / 2), y: Int32((height - side) / 2), width: Int32(side), height: Int32(side))
    guard let cropped = gdImageCrop(image, &frame) else { throw PictureFailure(.outOfMemory) }
    return Bitmap(cropped)
  }

  /// The whole of it, its shorter side as long as said.
  func scaled(shorterSide side: Int) throws(PictureFailure) -> Bitmap {
    let short = min(width, height)
    // A filter that takes every pixel into account, however much smaller it gets.
    gdImageSetInterpolationMethod(image, GD_LANCZOS3)
    guard
      let scaled = gdImageScale(
        image, UInt32(max(side, width * side / short)), UInt32(max(side, height * side / short)))
    else { throw PictureFailure(.outOfMemory) }
    return Bitmap(scaled)
  }

  /// The whole of it, made smaller where it is wider or higher than said.
  func fitted(width limitX: Int, height limitY: Int) throws(PictureFailure) -> Bitmap {
    guard width > limitX || height > limitY else { return self }
    // Whichever side is further beyond its limit decides; the other is rounded.
    let byWidth = width * limitY >= height * limitX
    let newWidth = byWidth ? limitX : max(1, (2 * width * limitY + height) / (2 * height))
    let newHeight = byWidth ? max(1, (2 * height * limitX + width) / (2 * width)) : limitY
    gdImageSetInterpolationMethod(image, GD_LANCZOS3)
    guard let scaled = gdImageScale(image, UInt32(newWidth), UInt32(newHeight)) else {
      throw PictureFailure(.outOfMemory)
    }
    return Bitmap(scaled)
  }

  /// The whole of it, turned upright.
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

  /// A picture by the colors of its pixels.
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

  /// The square in its middle, turned upright.
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

  /// Weighs colors by how much of them is seen, so that pixels that nobody sees do not bleed into their neighbours.
  func weighColors() {
    change { color, seen in (color * seen + 63) / 127 }
  }

  /// Takes ``weighColors()`` back.
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

  // MARK: Out

  func png(keepsAlpha: Bool) throws(PictureFailure) -> [UInt8] {
    gdImageSaveAlpha(image, keepsAlpha ? 1 : 0)
    var size: Int32 = 0
    guard let data = gdImagePngPtrEx(image, &size, 6) else { throw PictureFailure(.outOfMemory) }
    defer { gdFree(data) }
    return Array(UnsafeRawBufferPointer(start: data, count: Int(size)))
  }

  /// - Parameter quality: 0…100.
  func webp(quality: Int) throws(PictureFailure) -> [UInt8] {
    var size: Int32 = 0
    guard let data = gdImageWebpPtrEx(image, &size, Int32(quality)) else { throw PictureFailure(.outOfMemory) }
    defer { gdFree(data) }
    return Array(UnsafeRawBufferPointer(start: data, count: Int(size)))
  }

  /// As one of the later pictures of an animation.
  func webpOfAnimation(quality: Int) throws(PictureFailure) -> [UInt8] {
    var size = 0
    guard let data = cgd_webp_unfiltered(image, Float(quality), &size) else { throw PictureFailure(.outOfMemory) }
    defer { free(data) }
    return Array(UnsafeRawBufferPointer(start: data, count: size))
  }
}
