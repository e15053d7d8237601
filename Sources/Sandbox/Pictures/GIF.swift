/// Writes small animated GIFs of four colours, without compressing them.
struct GIF {
  let side: Int
  let palette: [PNG.Color]

  /// - Parameter pixel: the number of the colour at a place of a frame, 0 to 3.
  func encode(frames: Int, _ pixel: (_ frame: Int, _ x: Int, _ y: Int) -> Int) -> [UInt8] {
    var file = Array("GIF89a".utf8) + twoBytes(side) + twoBytes(side)
    // A palette of 128 entries makes every code eight bits wide, a byte each.
    file += [0xF6, 0, 0]
    for index in 0..<128 {
      let color = palette[index % palette.count]
      file += [color.red, color.green, color.blue]
    }
    file += [0x21, 0xFF, 11] + Array("NETSCAPE2.0".utf8) + [3, 1, 0, 0, 0]
    for frame in 0..<frames {
      file += [0x21, 0xF9, 4, 4] + twoBytes(25) + [0, 0]
      file += [0x2C, 0, 0, 0, 0] + twoBytes(side) + twoBytes(side) + [0, 7]
      file += image { pixel(frame, $0 % side, $0 / side) & 3 }
    }
    return file + [0x3B]
  }

  /// The pixels of one frame. The code table is cleared before its codes would become wider than a byte.
  private func image(_ pixel: (Int) -> Int) -> [UInt8] {
    var codes: [UInt8] = []
    for place in 0..<side * side {
      if place % 120 == 0 { codes.append(128) }
      codes.append(UInt8(pixel(place)))
    }
    codes.append(129)
    var blocks: [UInt8] = []
    for start in stride(from: 0, to: codes.count, by: 255) {
      let end = min(start + 255, codes.count)
      blocks.append(UInt8(end - start))
      blocks += codes[start..<end]
    }
    return blocks + [0]
  }

  private func twoBytes(_ number: Int) -> [UInt8] { [UInt8(number & 0xFF), UInt8(number >> 8)] }
}
