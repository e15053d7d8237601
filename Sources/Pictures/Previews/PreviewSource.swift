/// Detects images that every library decodes to the same colors.
enum PreviewSource {
  private static let maximalChunks = 10_000

  static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let view = ByteView(bytes)
    if view.big(0, 4) == 0x8950_4E47 { return isPlainPNG(view) }
    if view.big(0, 2) == 0xFFD8 { return isPlainJPEG(view) }
    // No color profile, transparency or animation.
    if view.has("VP8X", at: 12) { return view.byte(20).map { $0 & 0x32 == 0 } ?? false }
    if view.has("RIFF", at: 0) { return view.has("VP8 ", at: 12) }
    return view.has("GIF8", at: 0)
  }

  /// Returns whether the image has at most 8 bits per sample and no color information. Transparency is detected after
  /// decoding.
  private static func isPlainPNG(_ view: ByteView) -> Bool {
    guard let depth = view.byte(24), let color = view.byte(25), depth <= 8, [0, 2, 3, 4, 6].contains(color)
    else {
      return false
    }
    var place = 33
    for _ in 0..<maximalChunks {
      guard let length = view.big(place, 4) else { return false }
      if view.has("IDAT", at: place + 4) { return true }
      if view.has("iCCP", at: place + 4) || view.has("gAMA", at: place + 4) || view.has("cHRM", at: place + 4) {
        return false
      }
      place += 12 + length
    }
    return false
  }

  /// Returns whether the image is grey or has three components, without a color profile.
  private static func isPlainJPEG(_ view: ByteView) -> Bool {
    var place = 2
    while view.byte(place) == 0xFF, let marker = view.byte(place + 1), let length = view.big(place + 2, 2) {
      switch marker {
      case 0xE2 where view.has("ICC_PROFILE\0", at: place + 4): return false
      // An Adobe marker can select a color transformation that differs from the JFIF standard.
      case 0xEE: return false
      case 0xC0, 0xC1, 0xC2:
        guard let components = view.byte(place + 9) else { return false }
        return components == 1 || components == 3
      case 0xDA, 0xD9: return false
      default: break
      }
      place += 2 + length
    }
    return false
  }
}
