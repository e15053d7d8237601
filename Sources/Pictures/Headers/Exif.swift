/// What cameras write about a picture, as far as it changes how the picture is shown.
enum Exif {
  /// - Parameter tiff: the block from its byte order mark on.
  /// - Returns: 1…8 as the standard numbers the ways to hold a camera; 1 where the block does not say, or is damaged.
  static func orientation(_ tiff: ByteView) -> Int {
    let isLittle = tiff.has("II", at: 0)
    guard isLittle || tiff.has("MM", at: 0) else { return 1 }
    func number(_ place: Int, _ size: Int) -> Int? { isLittle ? tiff.little(place, size) : tiff.big(place, size) }
    guard number(2, 2) == 42, let directory = number(4, 4), let count = number(directory, 2) else { return 1 }
    for index in 0..<count {
      let entry = directory + 2 + 12 * index
      guard let tag = number(entry, 2) else { return 1 }
      // A SHORT stands in the first half of the value.
      if tag == 0x0112, number(entry + 2, 2) == 3, let value = number(entry + 8, 2), (1...8).contains(value) {
        return value
      }
    }
    return 1
  }
}
