import Common
import Foundation
import Testing

@testable import Terminal

@Suite("The shipped themes")
struct ShippedThemeTests {
  private static let project = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static let folder = project.appendingPathComponent("themes").path

  static let names = ((try? FileSystem.names(in: folder)) ?? []).filter { $0.hasSuffix(".toml") }
    .map { String($0.dropLast(".toml".count)) }.sorted()

  private func theme(_ name: String) throws -> Theme {
    let path = "\(Self.folder)/\(name).toml"
    return try ThemeFile.parse(String(contentsOfFile: path, encoding: .utf8), path: path)
  }

  @Test("Every shipped theme is in the README")
  func documented() throws {
    let readme = try String(contentsOf: Self.project.appendingPathComponent("README.md"), encoding: .utf8)
    #expect(Self.names.count >= 7)
    for name in Self.names { #expect(readme.contains("`\(name)`"), "\(name)") }
  }

  @Test("Every shipped theme passes the check at each colour depth", arguments: names)
  func check(name: String) throws {
    let theme = try theme(name)
    let report = ThemeReport(theme)
    #expect(report.isGood, "\(report)")
    #expect(theme.name == name)
    #expect(!theme.summary.isEmpty)
  }

  @Test(
    "Text of themes without a background has the terminal's own colour, and nothing to be read is dim", arguments: names
  )
  func ownColors(name: String) throws {
    let theme = try theme(name)
    for depth in ColorDepth.allCases {
      for role in Role.allCases {
        let look = theme.appearance(of: role, depth: depth)
        #expect(role == .disabled || !look.attributes.contains(.dim), "\(role) at \(depth)")
        guard look.background < 0, role.reading == .text else { continue }
        #expect(look.foreground < 0, "\(role) at \(depth)")
      }
    }
  }

  @Test("Themes with a background meet WCAG AA, and high-contrast meets AAA")
  func contrasts() throws {
    for (name, needed) in [
      ("light", 4.5), ("dark", 4.5), ("deuteranopia", 4.5), ("tritanopia", 4.5), ("high-contrast", 7),
    ] {
      let theme = try theme(name)
      for role in Role.allCases where ![.border, .progressTodo].contains(role) {
        let look = theme.appearance(of: role, depth: .twoFiftySix)
        #expect(look.background >= 0)
        #expect(Color.contrast(look.foreground, look.background) >= needed, "\(name): \(role)")
      }
    }
  }

  @Test("The monochrome theme has no colours on any terminal")
  func mono() throws {
    let theme = try theme("mono")
    for role in Role.allCases {
      let look = theme.appearance(of: role, depth: .twoFiftySix)
      #expect(look.foreground == -1 && look.background == -1, "\(role)")
    }
  }

  @Test(
    "Themes for colour-blind people distinguish states by colour and by brightness or form",
    arguments: [("deuteranopia", [ColorBlindness.deuteranopia, .protanopia]), ("tritanopia", [.tritanopia])])
  func colorBlind(name: String, eyes: [ColorBlindness]) throws {
    let theme = try theme(name)
    let states: [Role] = [.ok, .warning, .error]
    let badges: [Role] = [.production, .test, .restore]
    for group in [states, badges, [.added, .removed]] {
      for (index, role) in group.enumerated() {
        for other in group.dropFirst(index + 1) {
          let (mine, theirs) = (
            theme.appearance(of: role, depth: .twoFiftySix), theme.appearance(of: other, depth: .twoFiftySix)
          )
          let isBadge = group == badges
          let (color, otherColor) =
            isBadge ? (mine.background, theirs.background) : (mine.foreground, theirs.foreground)
          for eye in eyes {
            // A difference of 10 is noticed at a glance.
            #expect(eye.distance(color, otherColor) > 30, "\(role) and \(other) for \(eye)")
          }
          let brightness = Color.contrast(color, otherColor)
          #expect(brightness > 1.3 || mine.attributes != theirs.attributes, "\(role) and \(other)")
        }
      }
    }
    #expect(theme.appearance(of: .error, depth: .twoFiftySix).attributes.contains(.underline))
  }

  @Test("The test for colour blindness fails for ordinary themes")
  func canFail() throws {
    let theme = try theme("light")
    let (warning, error) = (
      theme.appearance(of: .warning, depth: .twoFiftySix), theme.appearance(of: .error, depth: .twoFiftySix)
    )
    #expect(ColorBlindness.deuteranopia.distance(warning.foreground, error.foreground) < 30)
  }

  @Test("The check names missing, unknown, weak and similar roles per colour depth")
  func finds() throws {
    let folder = "\(NSTemporaryDirectory())/aloha-theme-\(RandomText.alphanumeric(10))"
    try FileSystem.makeFolder(folder)
    defer { try? FileSystem.removeTree(folder) }
    let library = ThemeLibrary(environment: [:], executable: nil)
    func report(_ change: (String) -> String) throws -> ThemeReport {
      let path = "\(folder)/t.toml"
      let text = try String(contentsOfFile: "\(Self.folder)/dark.toml", encoding: .utf8)
      try FileSystem.replace(path, with: Array(change(text).utf8))
      return try library.report(path)
    }
    let broken = try report { $0.replacing("\nmuted ", with: "\nmutter ") }
    #expect(broken.faults == ["there is no role mutter", "missing roles: muted"])
    #expect(!broken.isGood)
    let weak = try report { $0.replacing("smoke  = \"#9e9e9e\"", with: "smoke  = \"#5f5f5f\"") }
    let found = try #require(weak.weaknesses.first { $0.role == .muted })
    #expect(found.depth == .twoFiftySix && found.needed == 4.5)
    #expect(found.contrast > 2.6 && found.contrast < 2.7)
    let dim = try report {
      $0.replacing("key-label     = { fg = \"smoke\" }", with: "key-label = { attributes = [\"dim\"] }")
    }
    #expect(dim.dimmed == [.keyLabel] && !dim.isGood)
    let alike = try report {
      $0.replacing("selection     = { fg = \"lagoon\", attributes = [\"bold\"] }", with: "selection = {}")
    }
    #expect(alike.likenesses.contains { $0.role == .selection && $0.other == .text && $0.depth == .mono })
    #expect(try report { $0 }.isGood)
  }

  @Test("A style for the normal screen is started and reset, with attributes only without colours")
  func styled() throws {
    let theme = try theme("dark")
    #expect(theme.styled("x", as: .production, depth: .twoFiftySix) == "\u{1B}[1;38;5;231;48;5;124mx\u{1B}[0m")
    #expect(theme.styled("x", as: .production, depth: .sixteen) == "\u{1B}[1;97;41mx\u{1B}[0m")
    #expect(theme.styled("x", as: .production, depth: .mono) == "\u{1B}[1;7mx\u{1B}[0m")
    #expect(theme.styled("x", as: .text, depth: .mono) == "x")
    #expect(theme.description(of: .production) == "bold, #ffffff on #af0000")
  }
}

/// Simulates colour-blindness, after Machado, Oliveira and Fernandes (2009).
enum ColorBlindness: Sendable {
  case deuteranopia, protanopia, tritanopia

  private var matrix: [[Double]] {
    switch self {
    case .deuteranopia:
      [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    case .protanopia:
      [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    case .tritanopia:
      [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    }
  }

  /// Returns the distance of two palette entries for such eyes, in CIELAB.
  func distance(_ index: Int, _ other: Int) -> Double {
    zip(lab(index), lab(other)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }

  private func lab(_ index: Int) -> [Double] {
    let parts = Color.components(index)
    let light = [parts.red, parts.green, parts.blue].map { value -> Double in
      let share = Double(value) / 255
      return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
    }
    let seen = matrix.map { row in min(1, max(0, zip(row, light).reduce(0) { $0 + $1.0 * $1.1 })) }
    let x = (0.4124 * seen[0] + 0.3576 * seen[1] + 0.1805 * seen[2]) / 0.95047
    let y = 0.2126 * seen[0] + 0.7152 * seen[1] + 0.0722 * seen[2]
    let z = (0.0193 * seen[0] + 0.1192 * seen[1] + 0.9505 * seen[2]) / 1.08883
    func f(_ t: Double) -> Double { t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116 }
    return [116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))]
  }
}
