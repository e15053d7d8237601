/// Writes files of formats that the tests' library cannot write, byte by byte: enough of them to read their size.
enum ImageFiles {
  /// - Parameter isBig: whether offsets have eight bytes (BigTIFF).
  static func tiff(pages: [(width: Int, height: Int, orientation: Int)], isLittle: Bool, isBig: Bool = false) -> [UInt8]
  {
    func number(_ value: Int, _ size: Int) -> [UInt8] {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      return isLittle ? bytes : bytes.reversed()
    }
    func entry(_ tag: Int, _ value: Int) -> [UInt8] {
      let word = isBig ? 8 : 4
      return number(tag, 2) + number(3, 2) + number(1, word) + number(value, 2) + [UInt8](repeating: 0, count: word - 2)
    }
    let start = isBig ? 16 : 8
    let size = isBig ? 8 + 3 * 20 + 8 : 2 + 3 * 12 + 4
    var bytes = Array((isLittle ? "II" : "MM").utf8)
    bytes += isBig ? number(43, 2) + number(8, 2) + number(0, 2) + number(start, 8) : number(42, 2) + number(start, 4)
    for (index, page) in pages.enumerated() {
      bytes += number(3, isBig ? 8 : 2)
      bytes += entry(256, page.width) + entry(257, page.height) + entry(274, page.orientation)
      let next = index + 1 < pages.count ? start + (index + 1) * size : 0
      bytes += number(next, isBig ? 8 : 4)
    }
    return bytes
  }

  /// Returns an AVIF or HEIC of one item.
  ///
  /// - Parameters:
  ///   - angle: quarter turns, anticlockwise.
  ///   - cut: the size of the clean aperture.
  static func heif(
    _ brand: String, width: Int, height: Int, angle: UInt8 = 0, cut: (width: Int, height: Int)? = nil
  ) -> [UInt8] {
    let aperture = cut.map { box("clap", big($0.width, 4) + big(1, 4) + big($0.height, 4) + big(1, 4) + big(0, 16)) }
    let properties =
      [box("ispe", big(0, 4) + big(width, 4) + big(height, 4)), box("irot", [angle])] + [aperture].compactMap(\.self)
    let list = (1...properties.count).map { UInt8($0) }
    let associations = box("ipma", big(0, 4) + big(1, 4) + big(7, 2) + [UInt8(properties.count)] + list)
    func meta(offset: Int) -> [UInt8] {
      let place = box(
        "iloc", big(0, 4) + [0x44, 0x00] + big(1, 2) + big(7, 2) + big(0, 2) + big(1, 2) + big(offset, 4) + big(4, 4))
      return box(
        "meta",
        big(0, 4) + box("pitm", big(0, 4) + big(7, 2)) + place
          + box("iprp", box("ipco", properties.flatMap { $0 }) + associations))
    }
    let head = box("ftyp", Array(brand.utf8) + big(0, 4) + Array("mif1".utf8))
    let offset = head.count + meta(offset: 0).count + 8
    return head + meta(offset: offset) + box("mdat", [1, 2, 3, 4])
  }

  static func animatedWebP(width: Int, height: Int, frames: Int) -> [UInt8] {
    func little(_ value: Int, _ size: Int) -> [UInt8] { big(value, size).reversed() }
    func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
      Array(name.utf8) + little(body.count, 4) + body + (body.count % 2 == 1 ? [0] : [])
    }
    var body = Array("WEBP".utf8)
    body += chunk("VP8X", [2, 0, 0, 0] + little(width - 1, 3) + little(height - 1, 3))
    body += chunk("ANIM", [0, 0, 0, 0, 0, 0])
    for _ in 0..<frames {
      body += chunk("ANMF", [0, 0, 0, 0, 0, 0] + little(width - 1, 3) + little(height - 1, 3) + [10, 0, 0, 0])
    }
    return chunk("RIFF", body)
  }

  private static func big(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { index in
      let shift = 8 * (size - 1 - index)
      return shift < 64 ? UInt8(truncatingIfNeeded: value >> shift) : 0
    }
  }

  private static func box(_ kind: String, _ content: [UInt8]) -> [UInt8] {
    big(content.count + 8, 4) + Array(kind.utf8) + content
  }
}
