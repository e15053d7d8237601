/// Steps through the parts of a GIF.
enum GIFWalk {
  /// Returns the size in bytes of the color table that `flags` announce.
  static func colors(_ flags: Int) -> Int { flags & 0x80 == 0 ? 0 : 3 << (flags & 7 + 1) }

  /// Returns the end of the sequence of data blocks that begins at `start`; nil if the file ends before.
  static func skipBlocks(_ view: ByteView, from start: Int) -> Int? {
    var place = start
    while let length = view.byte(place) {
      place += 1 + length
      if length == 0 { return place }
    }
    return nil
  }
}

/// Steps through the parts of a JPEG.
enum JPEGWalk {
  /// Returns the next marker and advances `place` behind it; nil at the end of the file. Other bytes are skipped.
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
