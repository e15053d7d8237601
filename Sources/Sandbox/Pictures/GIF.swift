/// Encodes small animated GIFs with four colours, without compression.
struct GIF {
  let side: Int
  let palette: [PNG.Color]

  /// - Parameter pixel: returns the index of the colour of a pixel of a frame, from 0 to 3.
  func encode(frames: Int, _ pixel: (_ frame: Int, _ x: Int, _ y: Int) -> Int) -> [UInt8] {
    var file = Array("GIF89a".utf8) + twoBytes(side) + twoBytes(side)
    // With a palette of 128 entries each code has eight bits: one byte.
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

  /// Encodes the pixels of one frame. The code table is cleared before codes would need nine bits.
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
