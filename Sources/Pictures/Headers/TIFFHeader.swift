/// Classic TIFF and BigTIFF. Each directory (IFD) is a page.
enum TIFFHeader {
  private enum Tag {
    static let width = 256
    static let height = 257
    static let orientation = 274
  }

  /// The sizes in bytes of the numbers and entries in a directory.
  private struct Form {
    let isLittle: Bool
    let isBig: Bool
    var offset: Int { isBig ? 8 : 4 }
    var count: Int { isBig ? 8 : 2 }
    var entry: Int { isBig ? 20 : 12 }
  }

  private static let maximalPages = 65_535

  static func read(_ view: ByteView) -> ImageHeader? {
    let isLittle = view.has("II", at: 0)
    guard let version = number(view, 2, 2, isLittle), version == 42 || version == 43 else { return nil }
    let form = Form(isLittle: isLittle, isBig: version == 43)
    if form.isBig {
      guard number(view, 4, 2, isLittle) == 8, number(view, 6, 2, isLittle) == 0 else { return nil }
    }
    guard var place = number(view, form.isBig ? 8 : 4, form.offset, isLittle), var header = page(view, place, form)
    else { return nil }
    var seen: Set<Int> = [place]
    // Overlapping directories could make a small file appear to have many pages.
    var budget = view.count / form.entry
    while seen.count < maximalPages, let next = next(view, place, form), next != 0, seen.insert(next).inserted,
      let count = entries(view, next, form), count <= budget, page(view, next, form) != nil
    {
      header.frames += 1
      budget -= count
      place = next
    }
    return header
  }

  private static func page(_ view: ByteView, _ place: Int, _ form: Form) -> ImageHeader? {
    guard let count = entries(view, place, form) else { return nil }
    var width: Int?
    var height: Int?
    var orientation = 1
    for index in 0..<count {
      let entry = place + form.count + form.entry * index
      guard let tag = number(view, entry, 2, form.isLittle) else { return nil }
      guard [Tag.width, Tag.height, Tag.orientation].contains(tag), let value = value(view, entry, form) else {
        continue
      }
      switch tag {
      case Tag.width: width = width ?? value
      case Tag.height: height = height ?? value
      default: orientation = (1...8).contains(value) ? value : 1
      }
    }
    guard let width, let height, width > 0, height > 0 else { return nil }
    return ImageHeader(width: width, height: height, orientation: orientation)
  }

  private static func next(_ view: ByteView, _ place: Int, _ form: Form) -> Int? {
    entries(view, place, form).flatMap {
      number(view, place + form.count + form.entry * $0, form.offset, form.isLittle)
    }
  }

  /// Returns the number of entries of a directory; nil if the directory exceeds the file.
  private static func entries(_ view: ByteView, _ place: Int, _ form: Form) -> Int? {
    guard let count = number(view, place, form.count, form.isLittle), count > 0, count <= view.count / form.entry,
      place <= view.count - form.count - count * form.entry
    else { return nil }
    return count
  }

  /// Returns the first value of an entry: a BYTE, SHORT, LONG or LONG8 stored in the entry itself; nil for other types.
  private static func value(_ view: ByteView, _ entry: Int, _ form: Form) -> Int? {
    let sizes = [1: 1, 3: 2, 4: 4, 16: 8]
    guard let size = number(view, entry + 2, 2, form.isLittle).flatMap({ sizes[$0] }), size <= form.offset else {
      return nil
    }
    return number(view, entry + 4 + form.offset, size, form.isLittle)
  }

  private static func number(_ view: ByteView, _ place: Int, _ size: Int, _ isLittle: Bool) -> Int? {
    guard size == 8 else { return isLittle ? view.little(place, size) : view.big(place, size) }
    guard place >= 0, place <= view.count - 8 else { return nil }
    let halves =
      isLittle ? (view.little(place, 4), view.little(place + 4, 4)) : (view.big(place + 4, 4), view.big(place, 4))
    // Larger values cannot be valid offsets or sizes.
    guard let low = halves.0, let high = halves.1, high <= Int(Int32.max) else { return nil }
    return high << 32 | low
  }
}
