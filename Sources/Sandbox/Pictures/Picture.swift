/// A symmetric picture of squares, derived from a text.
struct Picture: Sendable {
  private let cells: [Int]
  let palette: [PNG.Color]
  private static let cellCount = 7

  init(of text: String) {
    var random = SeededRandom(text)
    let hue = random.number(in: 0..<360)
    palette = [
      Self.color(hue: hue, light: 235), Self.color(hue: hue, light: 120), Self.color(hue: hue + 40, light: 80),
      Self.color(hue: hue + 180, light: 170),
    ]
    let half = Self.cellCount / 2 + 1
    var cells = [Int](repeating: 0, count: Self.cellCount * Self.cellCount)
    for y in 1..<Self.cellCount - 1 {
      for x in 1..<half {
        let value = random.chance(55) ? random.number(in: 1..<4) : 0
        cells[y * Self.cellCount + x] = value
        cells[y * Self.cellCount + Self.cellCount - 1 - x] = value
      }
    }
    self.cells = cells
  }

  /// Returns the index of the colour of a pixel in a picture of this size.
  private func pixel(_ x: Int, _ y: Int, width: Int, height: Int) -> Int {
    cells[(y * Self.cellCount / height) * Self.cellCount + x * Self.cellCount / width]
  }

  func png(width: Int, height: Int) -> [UInt8] {
    PNG(width: width, height: height, palette: palette).encode { pixel($0, $1, width: width, height: height) }
  }

  func png(side: Int) -> [UInt8] { png(width: side, height: side) }

  /// Returns the picture as a blinking GIF.
  func gif(side: Int) -> [UInt8] {
    GIF(side: side, palette: palette).encode(frames: 2) { frame, x, y in
      let color = pixel(x, y, width: side, height: side)
      return frame == 0 || color == 0 ? color : color % 3 + 1
    }
  }

  private static func color(hue: Int, light: Int) -> PNG.Color {
    func channel(_ shift: Int) -> UInt8 {
      let distance = abs((hue + shift) % 360 - 180)
      return UInt8(min(255, max(0, light + (distance - 90) * min(light, 255 - light) / 120)))
    }
    return PNG.Color(red: channel(0), green: channel(240), blue: channel(120))
  }
}
