/// WebP. The container must be complete: libwebp refuses truncated files.
enum WebPHeader {
  private static let animationFlag = 0x02
  private static let exifFlag = 0x08

  private struct Chunk {
    let place: Int
    /// The position of the content.
    let body: Int
    let length: Int
    var end: Int { body + length + length % 2 }
  }

  static func read(_ view: ByteView) -> ImageHeader? {
    guard let size = view.little(4, 4), size >= 12, size <= Int(UInt32.max) - 10, size + 8 <= view.count else {
      return nil
    }
    let end = 8 + size
    guard let first = chunk(view, at: 12, end: end) else { return nil }
    if view.has("VP8X", at: first.place) { return extended(view, first, end) }
    return picture(view, first)
  }

  private static func extended(_ view: ByteView, _ first: Chunk, _ end: Int) -> ImageHeader? {
    guard first.length >= 10, let flags = view.byte(first.body), let width = view.little(first.body + 4, 3),
      let height = view.little(first.body + 7, 3)
    else { return nil }
    var header = ImageHeader(width: width + 1, height: height + 1, frames: 0)
    let isAnimation = flags & animationFlag != 0
    var place = first.end
    while place < end, let chunk = chunk(view, at: place, end: end) {
      if isAnimation, view.has("ANMF", at: chunk.place) {
        guard frameFits(view, chunk, header) else { return nil }
        header.frames += 1
      } else if !isAnimation, let picture = picture(view, chunk) {
        guard header.frames == 0, picture.width == header.width, picture.height == header.height else { return nil }
        header.frames = 1
      } else if view.has("EXIF", at: chunk.place), flags & exifFlag != 0 {
        let start = view.has("Exif\0\0", at: chunk.body) ? 6 : 0
        header.orientation = Exif.orientation(view.part(from: chunk.body + start, count: chunk.length - start))
      }
      place = chunk.end
    }
    return header.frames > 0 && place >= end ? header : nil
  }

  private static func frameFits(_ view: ByteView, _ frame: Chunk, _ canvas: ImageHeader) -> Bool {
    guard frame.length >= 16, let left = view.little(frame.body, 3), let top = view.little(frame.body + 3, 3),
      let width = view.little(frame.body + 6, 3), let height = view.little(frame.body + 9, 3)
    else { return false }
    return 2 * left + width + 1 <= canvas.width && 2 * top + height + 1 <= canvas.height
  }

  /// Returns the size of an image chunk; nil for any other or a damaged chunk.
  private static func picture(_ view: ByteView, _ chunk: Chunk) -> ImageHeader? {
    if view.has("VP8 ", at: chunk.place) {
      guard chunk.length >= 10, let flags = view.byte(chunk.body), flags & 1 == 0, flags >> 1 & 7 <= 3,
        view.big(chunk.body + 3, 3) == 0x9D_012A, let width = view.little(chunk.body + 6, 2),
        let height = view.little(chunk.body + 8, 2)
      else { return nil }
      return ImageHeader(width: width & 0x3FFF, height: height & 0x3FFF)
    }
    if view.has("VP8L", at: chunk.place) {
      guard chunk.length >= 5, view.byte(chunk.body) == 0x2F, let bits = view.little(chunk.body + 1, 4), bits >> 29 == 0
      else { return nil }
      return ImageHeader(width: bits & 0x3FFF + 1, height: bits >> 14 & 0x3FFF + 1)
    }
    return nil
  }

  private static func chunk(_ view: ByteView, at place: Int, end: Int) -> Chunk? {
    guard place + 8 <= end, let length = view.little(place + 4, 4) else { return nil }
    let chunk = Chunk(place: place, body: place + 8, length: length)
    return chunk.body + length <= end ? chunk : nil
  }
}
