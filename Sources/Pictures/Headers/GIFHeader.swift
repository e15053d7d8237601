enum GIFHeader {
  /// Screen sizes that old programs wrote instead of the image size. libnsgif, the server's GIF decoder, ignores them.
  private static let screens: Set<[Int]> = [
    [640, 480], [640, 512], [800, 600], [1024, 768], [1280, 1024], [1600, 1200],
  ]
  private static let longestScreenSide = 2048

  static func read(_ view: ByteView) -> ImageHeader? {
    guard let width = view.little(6, 2), let height = view.little(8, 2), let flags = view.byte(10) else { return nil }
    var header = ImageHeader(width: width, height: height, frames: 0)
    if screens.contains([width, height]) || width == 0 || height == 0 || width > longestScreenSide
      || height > longestScreenSide
    {
      header.width = 1
      header.height = 1
    }
    var place = 13 + GIFWalk.colors(flags)
    while let kind = view.byte(place) {
      if kind == 0x3B { break }
      if kind == 0x21 {
        guard let end = GIFWalk.skipBlocks(view, from: place + 2) else { break }
        place = end
      } else if kind == 0x2C {
        guard let left = view.little(place + 1, 2), let top = view.little(place + 3, 2),
          let width = view.little(place + 5, 2), let height = view.little(place + 7, 2),
          let flags = view.byte(place + 9)
        else { break }
        let data = place + 10 + GIFWalk.colors(flags)
        guard view.byte(data) != nil else { break }
        // The canvas grows to include each frame.
        header.width = max(header.width, left + width)
        header.height = max(header.height, top + height)
        header.frames += 1
        guard let end = GIFWalk.skipBlocks(view, from: data + 1) else { break }
        place = end
      } else {
        break
      }
    }
    return header
  }
}
