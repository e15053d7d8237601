import Foundation
import Testing

@testable import Terminal

/// The reviewed look of every role of every shipped theme on a terminal with 256, 16, 8 and no colours. The wizard's
/// goldens pin the roles on each screen; both together determine the look of a screen.
@Suite("The shipped themes, colour by colour")
struct ThemeGoldenTests {
  private static let depths: [(String, ColorDepth)] = [
    ("256", .twoFiftySix), ("16", .sixteen), ("8", .eight), ("mono", .mono),
  ]

  @Test("Every role of every theme is unchanged at each colour depth", arguments: ShippedThemeTests.names)
  func appearances(name: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let path = root.deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("themes/\(name).toml").path
    let theme = try ThemeFile.parse(String(contentsOfFile: path, encoding: .utf8), path: path)
    let lines = Role.allCases.map { role in
      let looks = Self.depths.map { title, depth in
        let look = theme.appearance(of: role, depth: depth)
        let attributes = Theme.Attributes.names.filter { look.attributes.contains($0.attribute) }.map(\.name)
          .joined(separator: "+")
        return "\(title) \(look.foreground)/\(look.background)\(attributes.isEmpty ? "" : " \(attributes)")"
      }
      return "\(role): " + looks.joined(separator: ", ")
    }
    let text = lines.joined(separator: "\n") + "\n"
    let file = root.appendingPathComponent("Goldens/theme-\(name).txt")
    if ProcessInfo.processInfo.environment["REWRITE_GOLDENS"] == "1" {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
      return
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
  }
}
