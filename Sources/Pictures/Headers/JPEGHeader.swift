enum JPEGHeader {
  private static let longestSide = 65_500
  private static let exif = 0xE1
  private static let scan = 0xDA

  static func read(_ view: ByteView) -> ImageHeader? {
    var header: ImageHeader?
    var orientation: Int?
    var place = 2
    while let marker = JPEGWalk.nextMarker(view, &place) {
      // Markers without a length.
      if marker == 0x01 || (0xD0...0xD7).contains(marker) { continue }
      // A second SOI, or an EOI before any scan.
      guard marker != 0xD8, marker != 0xD9, let length = view.big(place, 2), length >= 2 else { return nil }
      switch marker {
      case scan:
        guard let count = view.byte(place + 2), (1...4).contains(count), length == 6 + 2 * count else { return nil }
        header?.orientation = orientation ?? 1
        return header
      case exif where view.has("Exif\0\0", at: place + 2) && orientation == nil:
        orientation = Exif.orientation(view.part(from: place + 8, count: length - 8))
      case 0xC0...0xCF where ![0xC4, 0xC8, 0xCC].contains(marker):
        guard header == nil, let frame = frame(view, marker, place, length) else { return nil }
        header = frame
      default: break
      }
      place += length
    }
    return nil
  }

  private static func frame(_ view: ByteView, _ marker: Int, _ place: Int, _ length: Int) -> ImageHeader? {
    // libjpeg supports neither lossless nor hierarchical images, nor 12 bits per sample.
    guard [0xC0, 0xC1, 0xC2, 0xC9, 0xCA].contains(marker), view.byte(place + 2) == 8,
      let height = view.big(place + 3, 2), let width = view.big(place + 5, 2), let components = view.byte(place + 7),
      (1...4).contains(components), length == 8 + 3 * components, view.byte(place + length - 1) != nil,
      width <= longestSide, height <= longestSide
    else { return nil }
    return ImageHeader(width: width, height: height)
  }
}
