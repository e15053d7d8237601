/// HEIC and AVIF (ISO/IEC 23008-12): nested boxes. The size is a property of the primary item, which other properties
/// rotate (`irot`) and crop (`clap`).
enum HEIFHeader {
  private static let brands: [StaticString] = [
    "heic", "heix", "hevc", "heim", "heis", "hevm", "hevs", "mif1", "msf1", "avif", "avis",
  ]
  /// The maximum number of boxes in a box, of properties of an item, and of items in a file; real files have few.
  private static let maximalParts = 4096

  private struct Box {
    let kind: ByteView
    let content: ByteView
  }

  static func read(_ view: ByteView) -> ImageHeader? {
    guard brands.contains(where: { view.has($0, at: 8) }) else { return nil }
    guard let meta = child("meta", of: view)?.part(from: 4), let primary = primaryItem(meta),
      let properties = child("iprp", of: meta), let container = child("ipco", of: properties),
      let associations = child("ipma", of: properties), isInFile(meta, item: primary, size: view.count)
    else { return nil }
    let known = boxes(container)
    var header: ImageHeader?
    for index in indices(associations, item: primary) where index >= 1 && index <= known.count {
      let (kind, content) = (known[index - 1].kind, known[index - 1].content)
      if kind.has("ispe", at: 0), header == nil {
        guard let width = content.big(4, 4), let height = content.big(8, 4) else { return nil }
        header = ImageHeader(width: width, height: height)
      } else if kind.has("irot", at: 0), let angle = content.byte(0), angle & 1 == 1, let found = header {
        header = ImageHeader(width: found.height, height: found.width)
      } else if kind.has("clap", at: 0), let found = header {
        header = cut(found, content)
      }
    }
    return header
  }

  /// Returns the size after cropping. Width and height of a clean aperture are fractions.
  private static func cut(_ header: ImageHeader, _ aperture: ByteView) -> ImageHeader {
    guard let width = aperture.big(0, 4), let widthParts = aperture.big(4, 4), let height = aperture.big(8, 4),
      let heightParts = aperture.big(12, 4), widthParts > 0, heightParts > 0
    else { return header }
    return ImageHeader(width: min(header.width, width / widthParts), height: min(header.height, height / heightParts))
  }

  private static func primaryItem(_ meta: ByteView) -> Int? {
    guard let box = child("pitm", of: meta), let version = box.byte(0) else { return nil }
    return version == 0 ? box.big(4, 2) : box.big(4, 4)
  }

  /// Returns whether the data of an item is within the file; true if the file does not give its position.
  private static func isInFile(_ meta: ByteView, item wanted: Int, size: Int) -> Bool {
    guard let box = child("iloc", of: meta), let version = box.byte(0), let sizes = box.big(4, 2) else { return false }
    let (offsetSize, lengthSize) = (sizes >> 12, sizes >> 8 & 15)
    let (baseSize, indexSize) = (sizes >> 4 & 15, version > 0 ? sizes & 15 : 0)
    let itemSize = version < 2 ? 2 : 4
    // Offsets of eight bytes occur only in files too large for a chat server.
    guard [offsetSize, lengthSize, baseSize, indexSize].allSatisfy({ $0 <= 4 }), let count = box.big(6, itemSize) else {
      return true
    }
    func number(_ place: Int, _ size: Int) -> Int? { size == 0 ? 0 : box.big(place, size) }
    var place = 6 + itemSize
    for _ in 0..<min(count, maximalParts) {
      guard let item = box.big(place, itemSize) else { return false }
      place += itemSize
      let method = version > 0 ? box.big(place, 2) ?? 0 : 0
      place += (version > 0 ? 2 : 0) + 2
      guard let base = number(place, baseSize), let extents = box.big(place + baseSize, 2) else { return false }
      place += baseSize + 2
      let extentSize = indexSize + offsetSize + lengthSize
      if item == wanted {
        return method & 15 != 0
          || (0..<extents).allSatisfy { index in
            let extent = place + index * extentSize + indexSize
            guard let offset = number(extent, offsetSize), let length = number(extent + offsetSize, lengthSize) else {
              return false
            }
            return base + offset + length <= size
          }
      }
      place += extents * extentSize
    }
    return false
  }

  /// Returns the 1-based indices of the properties of an item, in order.
  private static func indices(_ box: ByteView, item wanted: Int) -> [Int] {
    guard let version = box.byte(0), let flags = box.big(1, 3), let count = box.big(4, 4) else { return [] }
    let itemSize = version < 1 ? 2 : 4
    let isLong = flags & 1 == 1
    var place = 8
    for _ in 0..<min(count, maximalParts) {
      guard let item = box.big(place, itemSize), let properties = box.byte(place + itemSize) else { return [] }
      place += itemSize + 1
      if item == wanted {
        return (0..<properties).compactMap { index in
          isLong ? box.big(place + 2 * index, 2).map { $0 & 0x7FFF } : box.byte(place + index).map { $0 & 0x7F }
        }
      }
      place += properties * (isLong ? 2 : 1)
    }
    return []
  }

  // MARK: Boxes

  private static func child(_ kind: StaticString, of view: ByteView) -> ByteView? {
    boxes(view).first { $0.kind.has(kind, at: 0) }?.content
  }

  private static func boxes(_ view: ByteView) -> [Box] {
    var found: [Box] = []
    var place = 0
    while found.count < maximalParts, var size = view.big(place, 4), view.big(place + 4, 4) != nil {
      var header = 8
      if size == 1 {
        guard let high = view.big(place + 8, 4), high == 0, let low = view.big(place + 12, 4) else { break }
        size = low
        header = 16
      } else if size == 0 {
        size = view.count - place
      }
      guard size >= header else { break }
      found.append(
        Box(
          kind: view.part(from: place + 4, count: 4),
          content: view.part(from: min(place + header, view.count), count: size - header)))
      place += size
    }
    return found
  }
}
