/// Reads the orientation from EXIF metadata.
enum Exif {
  /// Returns the orientation.
  ///
  /// - Parameter tiff: the EXIF block, beginning with the byte order mark.
  /// - Returns: 1 to 8 according to the EXIF standard; 1 (upright) if it is missing or the block is damaged.
  static func orientation(_ tiff: ByteView) -> Int {
    let isLittle = tiff.has("II", at: 0)
    guard isLittle || tiff.has("MM", at: 0) else { return 1 }
    func number(_ place: Int, _ size: Int) -> Int? { isLittle ? tiff.little(place, size) : tiff.big(place, size) }
    guard number(2, 2) == 42, let directory = number(4, 4), let count = number(directory, 2) else { return 1 }
    for index in 0..<count {
      let entry = directory + 2 + 12 * index
      guard let tag = number(entry, 2) else { return 1 }
      // A SHORT occupies the first half of the four-byte value field.
      if tag == 0x0112, number(entry + 2, 2) == 3, let value = number(entry + 8, 2), (1...8).contains(value) {
        return value
      }
    }
    return 1
  }
}
