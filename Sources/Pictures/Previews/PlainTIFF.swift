/// An uncompressed RGB TIFF with 8 bits per sample in one strip, as simple programs and scanners write.
struct PlainTIFF {
  private let bytes: UnsafeRawBufferPointer
  private let width: Int
  private let height: Int
  private let offset: Int

  /// Nil for any other TIFF or file.
  init?(_ bytes: UnsafeRawBufferPointer) {
    let view = ByteView(bytes)
    guard view.has("II*\0", at: 0), let directory = view.little(4, 4), let count = view.little(directory, 2) else {
      return nil
    }
    var values: [Int: Int] = [:]
    for index in 0..<count {
      let entry = directory + 2 + 12 * index
      guard let tag = view.little(entry, 2), let type = view.little(entry + 2, 2),
        let number = view.little(entry + 4, 4)
      else { return nil }
      // Bits per sample: three values at another position.
      if tag == 258 {
        guard type == 3, number == 3, let place = view.little(entry + 8, 4),
          (0..<3).allSatisfy({ view.little(place + 2 * $0, 2) == 8 })
        else { return nil }
      } else if number == 1, type == 3 || type == 4 {
        values[tag] = view.little(entry + 8, type == 3 ? 2 : 4)
      }
      // An ICC profile.
      if tag == 34675 { return nil }
    }
    guard let width = values[256], let height = values[257], values[259] ?? 1 == 1, values[262] == 2,
      let offset = values[273], values[274] ?? 1 == 1, values[277] == 3, values[284] ?? 1 == 1,
      let (size, overflow) = Optional(width.multipliedReportingOverflow(by: height)), !overflow, size > 0,
      size <= ImagePreview.maximalPixels, values[279] == size * 3, offset <= bytes.count - size * 3
    else { return nil }
    self.bytes = bytes
    self.width = width
    self.height = height
    self.offset = offset
  }

  func bitmap() throws(PictureFailure) -> Bitmap {
    try Bitmap.made(width: width, height: height) { x, y in
      let place = offset + 3 * (y * width + x)
      return Int32(bytes[place]) << 16 | Int32(bytes[place + 1]) << 8 | Int32(bytes[place + 2])
    }
  }
}
