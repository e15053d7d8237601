import Common
import Foundation
import Testing

@testable import Terminal

@Suite("Themes")
struct ThemeTests {
  private static let themesFolder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("themes").path

  /// Returns a theme with every role, with some lines replaced.
  private func file(_ lines: [String: String] = [:], extra: String = "") -> String {
    let roles = Role.allCases.compactMap { role in
      lines[role.rawValue].map { $0.isEmpty ? nil : "\(role.rawValue) = \($0)" } ?? "\(role.rawValue) = {}"
    }
    return "name = \"t\"\n[palette]\nsea = \"#0087af\"\n[roles]\n" + roles.joined(separator: "\n") + "\n" + extra
  }

  private func reason(_ text: String) -> String {
    do {
      _ = try ThemeFile.parse(text, path: "t.toml")
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test("The built-in theme equals themes/default.toml")
  func builtIn() throws {
    let file = try String(contentsOfFile: Self.themesFolder + "/default.toml", encoding: .utf8)
    #expect(file == defaultThemeText)
    #expect(ThemeLibrary.builtIn().name == "default")
  }

  @Test(
    "States are distinguishable at every colour depth and without colours",
    arguments: ColorDepth.allCases)
  func distinct(depth: ColorDepth) throws {
    let theme = ThemeLibrary.builtIn()
    func look(_ role: Role) -> Theme.Appearance { theme.appearance(of: role, depth: depth) }
    #expect(look(.focus) != look(.text))
    #expect(look(.focus) != look(.selection))
    #expect(look(.danger) != look(.text))
    #expect(look(.input) != look(.text))
    #expect(look(.production) != look(.test))
    #expect(look(.selection) != look(.text))
    for role in Role.allCases {
      let look = look(role)
      #expect(look.foreground != look.background || look.foreground == -1, "\(role) cannot be read")
    }
  }

  @Test("Colours and attributes are parsed in every notation")
  func reads() throws {
    let theme = try ThemeFile.parse(
      file([
        "title": #"{ fg = "sea", bg = "bright-red", attributes = ["bold", "underline"], mono = ["reverse"] }"#,
        "text": #"{ fg = 208, bg = "default" }"#,
        "error": ##"{ fg = "#ff8000" }"##,
      ]), path: "t.toml")
    #expect(
      theme.style(of: .title)
        == Theme.Style(
          foreground: .rgb(red: 0, green: 0x87, blue: 0xAF), background: .palette(9), attributes: [.bold, .underline],
          mono: [.reverse]))
    #expect(theme.style(of: .text).foreground == .palette(208))
    #expect(theme.style(of: .text).background == .standard)
    #expect(theme.style(of: .error).foreground == .rgb(red: 255, green: 128, blue: 0))
  }

  @Test("Missing parts of a role come from the screen, and mono from the attributes")
  func inherits() throws {
    let theme = try ThemeFile.parse(
      file(["background": #"{ fg = 250, bg = 17 }"#, "title": #"{ attributes = ["bold"] }"#]), path: "t.toml")
    #expect(
      theme.appearance(of: .title, depth: .twoFiftySix)
        == Theme.Appearance(foreground: 250, background: 17, attributes: .bold))
    #expect(
      theme.appearance(of: .title, depth: .mono)
        == Theme.Appearance(foreground: -1, background: -1, attributes: .bold))
  }

  @Test("One error lists all faults of a theme")
  func faults() {
    let said = reason(
      file(
        [
          "title": "", "key": "", "error": #"{ fg = "rouge", colour = "red" }"#,
          "ok": #"{ attributes = ["loud"], mono = "bold" }"#, "text": "1",
        ], extra: "shiny = {}"))
    for part in [
      "missing roles: title, key", "error.fg: \"rouge\" is no colour", "error has no key colour",
      "ok.attributes: \"loud\" is no attribute", "ok.mono is not a list", "text is not a table",
      "there is no role shiny",
    ] {
      #expect(said.contains(part), "\(part) is not in: \(said)")
    }
    #expect(reason("name = \"x\"\ncolor = 1\n[roles]\n").contains("the file has no key color"))
    #expect(reason("[roles]\n").contains("it has no name"))
    #expect(reason("name = \n").contains("line 1"))
    #expect(reason(file()) == "no error")
  }

  @Test(
    "Colours are mapped to the nearest available one",
    arguments: [
      ("#0087af", 31, 6, 6), ("#767676", 243, 8, -1), ("#d7005f", 161, 1, 1), ("#ffffff", 231, -1, -1),
      ("#ff0000", 196, 9, 1),
      ("208", 208, 11, 3), ("red", 1, 1, 1), ("bright-red", 9, 9, 1), ("default", -1, -1, -1), ("#005f87", 24, 6, 6),
    ])
  func degrades(text: String, many: Int, sixteen: Int, eight: Int) throws {
    let color = try #require(Color(text))
    #expect(color.index(in: .twoFiftySix, freely: true) == many)
    #expect(color.index(in: .sixteen, freely: true) == sixteen)
    #expect(color.index(in: .eight, freely: true) == eight)
    #expect(color.index(in: .mono, freely: true) == -1)
  }

  @Test("Text on a theme's background is readable with few colours")
  func ownBackground() throws {
    let theme = ThemeLibrary.builtIn()
    func look(_ role: Role, _ depth: ColorDepth) -> Theme.Appearance { theme.appearance(of: role, depth: depth) }
    #expect(look(.focus, .eight) == Theme.Appearance(foreground: 0, background: 6, attributes: []))
    #expect(look(.danger, .eight) == Theme.Appearance(foreground: 7, background: 1, attributes: .bold))
    #expect(look(.production, .sixteen) == Theme.Appearance(foreground: 15, background: 1, attributes: .bold))
    #expect(look(.test, .sixteen) == Theme.Appearance(foreground: 0, background: 2, attributes: .bold))
  }

  @Test("Invalid colours are refused", arguments: ["", "256", "-1", "#12345", "#12345g", "#-12345", "Red", "bright"])
  func noColor(text: String) {
    #expect(Color(text) == nil)
  }

  @Test("Contrast is between 1 and 21, and unknown for the terminal's own colours")
  func contrast() throws {
    let black = Color.rgb(red: 0, green: 0, blue: 0)
    let white = try #require(Color("#ffffff"))
    #expect(white.contrast(with: black) == 21)
    #expect(white.contrast(with: white) == 1)
    #expect(white.contrast(with: .palette(1)) == nil)
    let weak = try ThemeFile.parse(file(["title": ##"{ fg = "#777777", bg = "#666666" }"##]), path: "t.toml")
    #expect(ThemeReport(weak).weaknesses.first { $0.depth == .twoFiftySix }?.role == .title)
  }
}

@Suite("Where themes are found")
struct ThemeLibraryTests {
  private let folder: String

  init() throws {
    folder = "\(NSTemporaryDirectory())/aloha-themes-\(RandomText.alphanumeric(10))"
    try FileSystem.makeFolder(folder)
  }

  private func write(_ path: String, name: String) throws {
    let target = "\(folder)/\(path)"
    try FileSystem.makeFolder(String(target[..<(target.lastIndex(of: "/") ?? target.endIndex)]))
    let text = defaultThemeText.replacing("name = \"default\"", with: "name = \"\(name)\"")
    try FileSystem.replace(target, with: Array(text.utf8))
  }

  private func library(_ environment: [String: String] = [:]) -> ThemeLibrary {
    ThemeLibrary(environment: environment, executable: "\(folder)/tree/.build/debug/aloha-wizard")
  }

  @Test("Themes of the user precede those of the machine, and those the shipped ones")
  func order() throws {
    defer { try? FileSystem.removeTree(folder) }
    try write("tree/themes/night.toml", name: "shipped night")
    try write("tree/Package.swift", name: "")
    try write("xdg/aloha-wizard/themes/night.toml", name: "my night")
    try write("home/.config/aloha-wizard/themes/night.toml", name: "home night")
    #expect(try library().theme("night").name == "shipped night")
    #expect(try library(["HOME": "\(folder)/home"]).theme("night").name == "home night")
    #expect(
      try library(["HOME": "\(folder)/home", "XDG_CONFIG_HOME": "\(folder)/xdg"]).theme("night").name == "my night")
    #expect(library(["HOME": "/root"]).folders.contains("/etc/aloha-wizard/themes"))
    #expect(
      library(["HOME": "\(folder)/home"]).list().contains { $0.name == "night" && $0.path?.contains("home") == true })
  }

  @Test("An installed program finds its themes")
  func installed() throws {
    defer { try? FileSystem.removeTree(folder) }
    try write("usr/share/aloha-wizard/themes/night.toml", name: "installed night")
    let library = ThemeLibrary(environment: [:], executable: "\(folder)/usr/bin/aloha-wizard")
    #expect(try library.theme("night").name == "installed night")
  }

  @Test("ALOHA_WIZARD_THEME applies unless another theme is requested")
  func preferred() throws {
    defer { try? FileSystem.removeTree(folder) }
    try write("one.toml", name: "one")
    try write("two.toml", name: "two")
    #expect(try library(["ALOHA_WIZARD_THEME": "\(folder)/one.toml"]).theme().name == "one")
    #expect(try library(["ALOHA_WIZARD_THEME": "\(folder)/one.toml"]).theme("\(folder)/two.toml").name == "two")
    #expect(try library(["ALOHA_WIZARD_THEME": ""]).theme().name == "default")
  }

  @Test("Without files the default theme exists, and unknown names are errors with the list")
  func missing() throws {
    defer { try? FileSystem.removeTree(folder) }
    #expect(try library().theme().name == "default")
    #expect(try library().theme("default").name == "default")
    let failure = #expect(throws: PlainFailure.self) { try library().theme("night") }
    #expect(failure?.family == .notFound)
    #expect(failure?.remedy?.contains("default") == true)
    #expect(throws: PlainFailure.self) { try library().theme("\(folder)/nothing.toml") }
  }
}
