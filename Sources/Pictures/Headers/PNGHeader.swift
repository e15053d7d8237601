enum PNGHeader {
  /// The allowed bits per sample by color type (PNG specification, table 11.1).
  private static let depths: [Int: Set<Int>] = [
    0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16],
  ]

  static func read(_ view: ByteView) -> ImageHeader? {
    guard view.big(8, 4) == 13, view.has("IHDR", at: 12), let width = view.big(16, 4), let height = view.big(20, 4),
      width <= Int(Int32.max), height <= Int(Int32.max), let depth = view.byte(24), let color = view.byte(25),
      depths[color]?.contains(depth) == true, view.byte(26) == 0, view.byte(27) == 0,
      let interlace = view.byte(28), interlace <= 1
    else { return nil }
    guard isWhole(view, at: 8, length: 13) else { return nil }
    // IDAT must follow; the decoder reads up to its beginning.
    var place = 33
    var header = ImageHeader(width: width, height: height)
    while let length = view.big(place, 4), length <= Int(Int32.max) {
      if view.has("IDAT", at: place + 4) { return header }
      if view.has("IEND", at: place + 4) { return nil }
      if view.has("PLTE", at: place + 4), !isWhole(view, at: place, length: length) { return nil }
      if view.has("eXIf", at: place + 4) {
        header.orientation = Exif.orientation(view.part(from: place + 8, count: length))
      }
      place += 12 + length
    }
    return nil
  }

  /// Returns whether the CRC of a chunk is valid; false for chunks of more than 1024 bytes.
  private static func isWhole(_ view: ByteView, at place: Int, length: Int) -> Bool {
    guard length <= 1024 else { return false }
    var sum: UInt32 = 0xFFFF_FFFF
    for index in 0..<length + 4 {
      guard let byte = view.byte(place + 4 + index) else { return false }
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    return view.big(place + 8 + length, 4) == Int(~sum)
  }
}
