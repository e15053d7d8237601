import Glibc

/// A colour of a theme.
public enum Color: Sendable, Hashable {
  /// The terminal's default background or text colour.
  case standard
  /// A palette entry. The first 16 depend on the user's terminal.
  case palette(Int)
  case rgb(red: Int, green: Int, blue: Int)

  /// Parses `default`, a name (`red`, `bright-red`), a number from 0 to 255, or `#rrggbb`.
  init?(_ text: String) {
    if text == "default" {
      self = .standard
    } else if let index = Self.names.firstIndex(of: text) {
      self = .palette(index)
    } else if let number = Int(text), (0...255).contains(number) {
      self = .palette(number)
    } else if text.hasPrefix("#"), text.count == 7, let value = Int(text.dropFirst(), radix: 16), value >= 0 {
      self = .rgb(red: value >> 16, green: value >> 8 & 0xFF, blue: value & 0xFF)
    } else {
      return nil
    }
  }

  /// The names of the first 16 entries.
  static let names: [String] = {
    let plain = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]
    return plain + plain.map { "bright-" + $0 }
  }()

  /// Returns the nearest colour of a terminal: -1 for the default, otherwise a palette index.
  ///
  /// - Parameter freely: whether the colour is on the terminal's own background, which can be dark or light. Black and
  ///   white are then replaced by the default, unless the colour itself is one of them.
  func index(in depth: ColorDepth, freely: Bool) -> Int {
    switch (self, depth) {
    case (.standard, _), (_, .mono): return -1
    case (.palette(let index), .twoFiftySix): return index
    case (.rgb(let red, let green, let blue), .twoFiftySix): return Self.nearest(red, green, blue, among: 16..<256)
    case (.palette(let index), .sixteen) where index < 16: return index
    case (.palette(let index), .eight) where index < 16: return index % 8
    case (.palette(let index), _):
      let (red, green, blue) = Self.components(index)
      return Self.few(red, green, blue, depth: depth, freely: freely)
    case (.rgb(let red, let green, let blue), _): return Self.few(red, green, blue, depth: depth, freely: freely)
    }
  }

  /// Whether eight colours can express this one only with bold.
  var isBright: Bool {
    if case .palette(8...15) = self { return true }
    return false
  }

  /// Returns one of 8 or 16 colours. A colour with a hue keeps a hue: dark blue becomes blue, not black.
  private static func few(_ red: Int, _ green: Int, _ blue: Int, depth: ColorDepth, freely: Bool) -> Int {
    let strongest = max(red, green, blue)
    let range = strongest - min(red, green, blue)
    if range > 40 {
      func counts(_ value: Int) -> Bool { (value - strongest + range) * 2 >= range }
      let hue = (counts(red) ? 1 : 0) + (counts(green) ? 2 : 0) + (counts(blue) ? 4 : 0)
      return depth == .sixteen && strongest > 230 ? hue + 8 : hue
    }
    let grays = depth == .sixteen ? [0, 8, 7, 15] : [0, 7]
    let nearest = Self.nearest(red, green, blue, among: grays)
    return freely && nearest != 8 ? -1 : nearest
  }

  private static func nearest(_ red: Int, _ green: Int, _ blue: Int, among indices: some Sequence<Int>) -> Int {
    var best = (index: 0, distance: Int.max)
    for index in indices {
      let (otherRed, otherGreen, otherBlue) = components(index)
      let mean = (red + otherRed) / 2
      let (dr, dg, db) = (red - otherRed, green - otherGreen, blue - otherBlue)
      // The eye is most sensitive to green, and to red and blue depending on the amount of red.
      let distance = (512 + mean) * dr * dr / 256 + 4 * dg * dg + (767 - mean) * db * db / 256
      if distance < best.distance { best = (index, distance) }
    }
    return best.index
  }

  /// Returns black or white, whichever is more readable on one of the first 16 colours.
  static func readable(on background: Int, depth: ColorDepth) -> Int {
    let white = depth == .sixteen ? 15 : 7
    return contrast(0, background) > contrast(white, background) ? 0 : white
  }

  /// Returns the colour if it is readable on one of the first 16, otherwise its bright or dark variant, otherwise black
  /// or white.
  static func readable(_ color: Int, on background: Int, depth: ColorDepth) -> Int {
    if contrast(color, background) >= enough { return color }
    if depth == .sixteen, contrast(color ^ 8, background) >= enough { return color ^ 8 }
    return readable(on: background, depth: depth)
  }

  /// WCAG AA for text.
  private static let enough = 4.5

  /// The notation in a theme.
  var name: String {
    switch self {
    case .standard: return "default"
    case .palette(let index): return index < Self.names.count ? Self.names[index] : String(index)
    case .rgb(let red, let green, let blue):
      return "#"
        + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
  }

  /// Returns red, green and blue of a palette entry; for the first 16, those of xterm.
  static func components(_ index: Int) -> (red: Int, green: Int, blue: Int) {
    switch index {
    case 0..<16: return basic[index]
    case 16..<232:
      let steps = [0, 95, 135, 175, 215, 255]
      let place = index - 16
      return (steps[place / 36], steps[place / 6 % 6], steps[place % 6])
    default:
      let gray = 8 + 10 * (min(index, 255) - 232)
      return (gray, gray, gray)
    }
  }

  private static let basic: [(red: Int, green: Int, blue: Int)] = [
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
    (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
    (255, 255, 255),
  ]

  /// Returns the contrast to another colour, from 1 to 21 (4.5 or more is good); nil if one of them depends on the
  /// user's terminal.
  public func contrast(with other: Color) -> Double? {
    guard let mine = luminance, let theirs = other.luminance else { return nil }
    return (max(mine, theirs) + 0.05) / (min(mine, theirs) + 0.05)
  }

  /// Returns the contrast of two palette entries; the first 16 like in xterm.
  static func contrast(_ index: Int, _ other: Int) -> Double {
    contrast(components(index), components(other))
  }

  /// Returns the contrast of two colours given by red, green and blue.
  static func contrast(
    _ color: (red: Int, green: Int, blue: Int), _ other: (red: Int, green: Int, blue: Int)
  ) -> Double {
    let (mine, theirs) = (luminance(color), luminance(other))
    return (max(mine, theirs) + 0.05) / (min(mine, theirs) + 0.05)
  }

  private var luminance: Double? {
    switch self {
    case .standard, .palette(0..<16): nil
    case .palette(let index): Self.luminance(Self.components(index))
    case .rgb(let red, let green, let blue): Self.luminance((red, green, blue))
    }
  }

  private static func luminance(_ parts: (red: Int, green: Int, blue: Int)) -> Double {
    func linear(_ value: Int) -> Double {
      let share = Double(value) / 255
      return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * linear(parts.red) + 0.7152 * linear(parts.green) + 0.0722 * linear(parts.blue)
  }
}
