// One reader for each format that this program decodes. Each reads the file's structure up to the image size, and as
// far as necessary to detect a truncated file that the decoder would accept. They return nil for a damaged file.

enum PNGLayout {
  static func read(_ view: ByteView) -> Layout? {
    guard view.has("IHDR", at: 12), let width = view.big(16, 4), let height = view.big(20, 4) else { return nil }
    var layout = Layout(width: width, height: height)
    var place = 8
    while let length = view.big(place, 4), !view.has("IEND", at: place + 4) {
      if view.has("eXIf", at: place + 4) {
        layout.orientation = Exif.orientation(view.part(from: place + 8, count: length))
      }
      place += 12 + length
    }
    return layout
  }

  /// Returns the file without ancillary chunks except transparency: libpng prints warnings about faults in such chunks
  /// to standard error.
  static func essential(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    let view = ByteView(bytes)
    var result = Array(bytes.prefix(8))
    var place = 8
    while let length = view.big(place, 4), place + 12 + length <= bytes.count {
      // An uppercase first letter marks a critical chunk.
      let isCritical = view.byte(place + 4).map { $0 & 0x20 == 0 } ?? false
      if isCritical || view.has("tRNS", at: place + 4) {
        result += UnsafeRawBufferPointer(rebasing: bytes[place..<place + 12 + length])
      }
      place += 12 + length
    }
    return result
  }
}

enum JPEGLayout {
  /// Every scan of a progressive image takes the decoding time of a whole image; real images have far fewer.
  private static let maximalScans = 200

  static func read(_ view: ByteView) -> Layout? {
    var layout = Layout()
    var place = 2
    while let marker = JPEGWalk.nextMarker(view, &place) {
      // Markers without a length.
      if marker == 0x01 || (0xD0...0xD8).contains(marker) { continue }
      guard marker != 0xD9, let length = view.big(place, 2), length >= 2 else { return nil }
      switch marker {
      case 0xDA: return layout.width > 0 && isWhole(view.part(from: place + length)) ? layout : nil
      case 0xE1 where view.has("Exif\0\0", at: place + 2):
        layout.orientation = Exif.orientation(view.part(from: place + 8, count: length - 8))
      case 0xC0...0xCF where ![0xC4, 0xC8, 0xCC].contains(marker):
        guard let height = view.big(place + 3, 2), let width = view.big(place + 5, 2) else { return nil }
        layout.include(width: width, height: height)
      default: break
      }
      place += length
    }
    return nil
  }

  /// Returns whether the image ends with an EOI marker: decoders fill missing parts with grey and report success.
  private static func isWhole(_ scans: ByteView) -> Bool {
    var place = 0
    var count = 1
    while let marker = JPEGWalk.nextMarker(scans, &place) {
      if marker == 0xD9 { return true }
      if marker == 0xDA { count += 1 }
      if count > maximalScans { return false }
    }
    return false
  }
}

enum GIFLayout {
  static func read(_ view: ByteView) -> Layout? {
    guard let width = view.little(6, 2), let height = view.little(8, 2), let flags = view.byte(10) else { return nil }
    var layout = Layout(width: width, height: height)
    var place = 13 + GIFWalk.colors(flags)
    while let kind = view.byte(place) {
      switch kind {
      case 0x21:
        guard let end = GIFWalk.skipBlocks(view, from: place + 2) else { return nil }
        place = end
      case 0x2C:
        // The first frame is the one that is decoded.
        guard let width = view.little(place + 5, 2), let height = view.little(place + 7, 2),
          let flags = view.byte(place + 9), GIFWalk.skipBlocks(view, from: place + 11 + GIFWalk.colors(flags)) != nil
        else { return nil }
        layout.include(width: width, height: height)
        return layout
      default: return nil
      }
    }
    return nil
  }
}

enum WebPLayout {
  static func read(_ view: ByteView) -> Layout? {
    var layout = Layout()
    var place = 12
    while let length = view.little(place + 4, 4) {
      let body = place + 8
      switch true {
      case view.has("VP8X", at: place):
        guard let width = view.little(body + 4, 3), let height = view.little(body + 7, 3) else { return nil }
        layout.include(width: width + 1, height: height + 1)
      case view.has("VP8 ", at: place):
        guard let width = view.little(body + 6, 2), let height = view.little(body + 8, 2) else { return nil }
        layout.include(width: width & 0x3FFF, height: height & 0x3FFF)
      case view.has("VP8L", at: place):
        guard let bits = view.little(body + 1, 4) else { return nil }
        layout.include(width: bits & 0x3FFF + 1, height: bits >> 14 & 0x3FFF + 1)
      case view.has("EXIF", at: place):
        let start = view.has("Exif\0\0", at: body) ? 6 : 0
        layout.orientation = Exif.orientation(view.part(from: body + start, count: length - start))
      default: break
      }
      place = body + length + length % 2
    }
    return layout
  }
}

extension WebPLayout {
  /// Returns the first frame of an animation as a separate file, because libgd cannot decode animations. Nil for a
  /// still image.
  static func firstFrame(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    let view = ByteView(bytes)
    guard view.has("VP8X", at: 12), let flags = view.byte(20), flags & 0x02 != 0 else { return nil }
    var place = 12
    while let length = view.little(place + 4, 4) {
      let body = place + 8
      guard view.has("ANMF", at: place) else {
        place = body + length + length % 2
        continue
      }
      guard length > 16, body <= bytes.count - length else { return nil }
      let isTransparent = view.has("ALPH", at: body + 16) || view.has("VP8L", at: body + 16)
      // A frame's size is stored in the same form as a canvas: minus one.
      let head: [UInt8] =
        Array("VP8X".utf8) + [10, 0, 0, 0, isTransparent ? 0x10 : 0, 0, 0, 0] + bytes[body + 6..<body + 12]
      let chunks = Array("WEBP".utf8) + head + bytes[body + 16..<body + length]
      let size = (0..<4).map { UInt8(truncatingIfNeeded: chunks.count >> (8 * $0)) }
      return Array("RIFF".utf8) + size + chunks
    }
    return nil
  }
}

enum BMPLayout {
  static func read(_ view: ByteView) -> Layout? {
    guard let size = view.little(14, 4) else { return nil }
    if size == 12 {
      guard let width = view.little(18, 2), let height = view.little(20, 2) else { return nil }
      return Layout(width: width, height: height)
    }
    guard let width = view.little(18, 4), let height = view.little(22, 4) else { return nil }
    // Width and height are signed; a negative height means that rows are stored from top to bottom.
    return Layout(width: width, height: Int(Int32(truncatingIfNeeded: height).magnitude))
  }
}
