/// Writes WebP files in the form of the server's image library, including the EXIF block that it adds.
enum WebPFile {
  private enum Flag {
    static let animation: UInt8 = 0x02
    static let exif: UInt8 = 0x08
  }

  /// Returns the image chunk of a file without transparency; nil for any other file.
  static func picture(_ file: [UInt8]) -> [UInt8]? {
    file.withUnsafeBytes { bytes in
      let view = ByteView(bytes)
      guard view.has("VP8 ", at: 12), let length = view.little(16, 4) else { return nil }
      let end = 20 + length + length % 2
      return end <= bytes.count ? Array(bytes[12..<end]) : nil
    }
  }

  static func still(_ picture: [UInt8], width: Int, height: Int) -> [UInt8] {
    riff(canvas(Flag.exif, width, height) + picture + description(width, height))
  }

  static func animation(
    _ frames: [(milliseconds: Int, picture: [UInt8])], width: Int, height: Int, loops: Int
  ) -> [UInt8] {
    var body = canvas(Flag.exif | Flag.animation, width, height)
    body += chunk("ANIM", [0xFF, 0xFF, 0xFF, 0xFF] + little(loops, 2))
    for (index, frame) in frames.enumerated() {
      // Offset 0, size of the canvas. The first frame replaces the background, later ones are blended with the
      // preceding.
      let place = [UInt8](repeating: 0, count: 6) + little(width - 1, 3) + little(height - 1, 3)
      body += chunk("ANMF", place + little(frame.milliseconds, 3) + [index == 0 ? 0x02 : 0x00] + frame.picture)
    }
    // libvips represents an animation as one image with all frames below each other.
    return riff(body + description(width, height * frames.count))
  }

  private static func canvas(_ flags: UInt8, _ width: Int, _ height: Int) -> [UInt8] {
    chunk("VP8X", [flags, 0, 0, 0] + little(width - 1, 3) + little(height - 1, 3))
  }

  /// Returns an EXIF chunk: upright, one pixel per millimetre, with this size.
  private static func description(_ width: Int, _ height: Int) -> [UInt8] {
    func entry(_ tag: Int, _ type: Int, _ count: Int, _ value: [UInt8]) -> [UInt8] {
      little(tag, 2) + little(type, 2) + little(count, 4) + value
    }
    func short(_ tag: Int, _ value: Int) -> [UInt8] { entry(tag, 3, 1, little(value, 4)) }
    func long(_ tag: Int, _ value: Int) -> [UInt8] { entry(tag, 4, 1, little(value, 4)) }
    // Pixels per inch, as a fraction.
    let resolution = little(25_400, 4) + little(1000, 4)
    var body = Array("Exif\0\0II".utf8) + little(42, 2) + little(8, 4) + little(6, 2)
    body += short(0x0112, 1) + entry(0x011A, 5, 1, little(86, 4)) + entry(0x011B, 5, 1, little(94, 4))
    body += short(0x0128, 2) + short(0x0213, 1) + long(0x8769, 102) + little(0, 4) + resolution + resolution
    body += little(6, 2) + entry(0x9000, 7, 4, Array("0210".utf8)) + entry(0x9101, 7, 4, [1, 2, 3, 0])
    body += entry(0xA000, 7, 4, Array("0100".utf8)) + short(0xA001, 0xFFFF) + long(0xA002, width) + long(0xA003, height)
    return chunk("EXIF", body + little(0, 4))
  }

  private static func riff(_ body: [UInt8]) -> [UInt8] { chunk("RIFF", Array("WEBP".utf8) + body) }

  private static func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
    Array(name.utf8) + little(body.count, 4) + body + (body.count % 2 == 1 ? [0] : [])
  }

  private static func little(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
