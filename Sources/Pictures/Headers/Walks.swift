/// The steps in which the parts of a GIF follow each other.
enum GIFWalk {
  /// Bytes of the table of colours that `flags` announce.
  static func colors(_ flags: Int) -> Int { flags & 0x80 == 0 ? 0 : 3 << (flags & 7 + 1) }

  /// Where the blocks of data that begin at `start` end; nil where the file breaks off before.
  static func skipBlocks(_ view: ByteView, from start: Int) -> Int? {
    var place = start
    while let length = view.byte(place) {
      place += 1 + length
      if length == 0 { return place }
    }
    return nil
  }
}

/// The steps in which the parts of a JPEG follow each other.
enum JPEGWalk {
  /// The next marker, with `place` behind it; nil at the end of the file. What is no marker is passed over.
  static func nextMarker(_ view: ByteView, _ place: inout Int) -> Int? {
    while let byte = view.byte(place) {
      place += 1
      if byte != 0xFF { continue }
      while view.byte(place) == 0xFF { place += 1 }
      guard let marker = view.byte(place) else { return nil }
      place += 1
      if marker != 0 { return marker }
    }
    return nil
  }
}
