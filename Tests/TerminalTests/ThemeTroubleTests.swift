import Common
import Foundation
import Glibc
import Testing

@testable import Terminal

/// A theme is only a look: whatever is wrong with it, there is one to show, and the reason is told.
@Suite("Themes that cannot be used")
struct ThemeTroubleTests {
  private let folder: String
  private var themes: String { "\(folder)/xdg/aloha-wizard/themes" }

  init() throws {
    folder = "\(NSTemporaryDirectory())/aloha-trouble-\(RandomText.alphanumeric(10))"
    try FileSystem.makeFolder("\(folder)/xdg/aloha-wizard/themes")
  }

  private func library(_ environment: [String: String] = [:]) -> ThemeLibrary {
    ThemeLibrary(environment: ["XDG_CONFIG_HOME": "\(folder)/xdg"].merging(environment) { $1 }, executable: nil)
  }

  private func expectDefault(
    _ name: String?, _ library: ThemeLibrary, named: String? = nil, reason: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let (theme, trouble) = library.themeOrDefault(name)
    #expect(theme == ThemeLibrary.builtIn(), sourceLocation: sourceLocation)
    let text = try #require(trouble?.text, sourceLocation: sourceLocation)
    let shown = named ?? name ?? ""
    #expect(text.contains("Theme '\(shown)'"), "\(text)", sourceLocation: sourceLocation)
    #expect(text.contains(reason), "\(text)", sourceLocation: sourceLocation)
    #expect(text.contains("aloha-wizard theme check \(ShellWord.quoted(shown))"), sourceLocation: sourceLocation)
    #expect(!text.contains("\n"), sourceLocation: sourceLocation)
    #expect(throws: (any Error).self, sourceLocation: sourceLocation) { try library.theme(name) }
  }

  @Test("A name or a path without a theme leads to the default theme")
  func missing() throws {
    defer { try? FileSystem.removeTree(folder) }
    try expectDefault("nonsense", library(), reason: "there is none of that name")
    try expectDefault("", library(), reason: "there is none of that name")
    try expectDefault("..", library(), reason: "there is none of that name")
    try expectDefault("it's mine", library(), reason: "there is none of that name")
    try expectDefault("a/b", library(), reason: "cannot be read")
    try expectDefault("\(folder)/gone.toml", library(), reason: "cannot be read")
    try expectDefault("/", library(), reason: "it is a folder")
    try expectDefault(
      nil, library(["ALOHA_WIZARD_THEME": "nonsense"]), named: "nonsense", reason: "there is none of that name")
    let option = library().themeOrDefault("--x").trouble
    #expect(option?.text.contains("theme check -- --x") == true)
  }

  @Test(
    "A file that is no theme leads to the default theme",
    arguments: [
      ("", "it has no name"), ("not toml at all", "line 1"), ("name = \"x\"\n[roles]\nshiny = {}\n", "no role shiny"),
      ("\u{0}\u{1}\u{2}", "zero byte"), ("name = \"x\"\nfor = \"blue\"\n", "it must be \"dark\", \"light\" or \"any\""),
    ])
  func broken(text: String, reason: String) throws {
    defer { try? FileSystem.removeTree(folder) }
    try FileSystem.replace("\(themes)/mine.toml", with: Array(text.utf8))
    try expectDefault("mine", library(), reason: reason)
    try FileSystem.replace("\(themes)/default.toml", with: Array(text.utf8))
    try expectDefault(nil, library(), named: "default", reason: reason)
    try expectDefault("default", library(), reason: reason)
  }

  @Test("Bytes that are no UTF-8 lead to the default theme")
  func bytes() throws {
    defer { try? FileSystem.removeTree(folder) }
    try FileSystem.replace("\(themes)/mine.toml", with: [0xFF, 0xFE, 0x80, 0x3D])
    #expect(library().themeOrDefault("mine").trouble != nil)
  }

  @Test("A folder, a link to itself, a pipe, a device and a file of 2 GB are refused without reading them")
  func kinds() throws {
    defer { try? FileSystem.removeTree(folder) }
    try FileSystem.makeFolder("\(themes)/folder.toml")
    try expectDefault("folder", library(), reason: "it is a folder")
    #expect(symlink("\(themes)/loop.toml", "\(themes)/loop.toml") == 0)
    try expectDefault("\(themes)/loop.toml", library(), reason: "cannot be read")
    // Reading a pipe without a writer would wait for one.
    #expect(mkfifo("\(themes)/pipe.toml", 0o600) == 0)
    try expectDefault("pipe", library(), reason: "it is not a regular file")
    try expectDefault("/dev/zero", library(), reason: "it is not a regular file")
    try FileSystem.replace("\(themes)/large.toml", with: [])
    #expect(truncate("\(themes)/large.toml", 2 << 30) == 0)
    try expectDefault("large", library(), reason: "is larger than 1 MiB")
  }

  @Test("A long reason and control characters do not spoil the message")
  func hostile() throws {
    defer { try? FileSystem.removeTree(folder) }
    let keys = (0..<500).map { "role\($0) = {}" }.joined(separator: "\n")
    try FileSystem.replace("\(themes)/mine.toml", with: Array("[roles]\n\(keys)\n".utf8))
    let text = try #require(library().themeOrDefault("mine").trouble?.text)
    #expect(text.count < 500 && text.hasSuffix("theme check mine"))
    let odd = try #require(library().themeOrDefault("a\u{1B}[2Jb\nc").trouble?.text)
    #expect(!odd.unicodeScalars.contains { $0.value < 0x20 })
  }

  @Test("The report of a theme that cannot be read throws, and that of a broken one lists its faults")
  func check() throws {
    defer { try? FileSystem.removeTree(folder) }
    #expect(throws: PlainFailure.self) { try library().report("nonsense") }
    try FileSystem.replace("\(themes)/mine.toml", with: Array("[roles]\n".utf8))
    #expect(try library().report("mine").faults.contains("it has no name"))
  }

  @Test("A usable theme has no trouble")
  func good() throws {
    defer { try? FileSystem.removeTree(folder) }
    let text = defaultThemeText.replacing("name = \"default\"", with: "name = \"mine\"")
    try FileSystem.replace("\(themes)/mine.toml", with: Array(text.utf8))
    #expect(library().themeOrDefault("mine").trouble == nil)
    #expect(library().themeOrDefault("mine").theme.name == "mine")
    #expect(library().themeOrDefault().trouble == nil)
  }
}

/// What the check measures on the terminal's own background.
@Suite("Contrast on the terminal's background")
struct TerminalContrastTests {
  private func report(_ lines: [String: String], suits: String? = nil) throws -> ThemeReport {
    let roles = Role.allCases.map { "\($0.rawValue) = \(lines[$0.rawValue] ?? "{}")" }.joined(separator: "\n")
    let head = "name = \"t\"\n" + (suits.map { "for = \"\($0)\"\n" } ?? "")
    return ThemeReport(try ThemeFile.parse(head + "[roles]\n" + roles, path: "t.toml"))
  }

  private func weakness(_ role: Role, _ style: String, suits: String? = nil) throws -> ThemeReport.Weakness? {
    try report([role.rawValue: style], suits: suits).weaknesses.first { $0.role == role && $0.depth == .twoFiftySix }
  }

  @Test("No gray is accepted for text on any terminal, and the worst background is named")
  func grays() throws {
    for gray in 232...255 { #expect(try weakness(.secondary, "{ fg = \(gray) }") != nil, "\(gray)") }
    let weak = try #require(try weakness(.secondary, ##"{ fg = "#767676" }"##))
    #expect(weak.terminal == "#1e1e1e" && weak.needed == 4.5 && weak.contrast < 3.7)
    #expect(try weakness(.secondary, ##"{ fg = "#9e9e9e" }"##)?.terminal == "#fdf6e3")
    #expect(try weakness(.secondary, "{}") == nil)
  }

  @Test("A theme for dark or for light terminals is measured on those alone")
  func suits() throws {
    #expect(try weakness(.secondary, ##"{ fg = "#9e9e9e" }"##, suits: "dark") == nil)
    #expect(try weakness(.secondary, ##"{ fg = "#767676" }"##, suits: "dark")?.terminal == "#1e1e1e")
    #expect(try weakness(.secondary, ##"{ fg = "#626262" }"##, suits: "light") == nil)
    #expect(try weakness(.secondary, ##"{ fg = "#767676" }"##, suits: "light")?.terminal == "#fdf6e3")
    #expect(try weakness(.secondary, ##"{ fg = "#9e9e9e" }"##, suits: "light") != nil)
  }

  @Test("Signs need 3 to 1 where no colour can have more, and 4.5 to 1 elsewhere")
  func signs() throws {
    #expect(try weakness(.ok, ##"{ fg = "#008700" }"##) == nil)
    #expect(try weakness(.ok, ##"{ fg = "#005f00" }"##)?.needed == 3)
    #expect(try weakness(.ok, ##"{ fg = "#008700" }"##, suits: "dark")?.needed == 4.5)
    #expect(try weakness(.text, ##"{ fg = "#008700" }"##)?.needed == 4.5)
  }

  @Test("The terminal's text colour on a background of the theme is measured for dark and light terminals")
  func texts() throws {
    #expect(try weakness(.header, ##"{ bg = "#005f87" }"##)?.terminal == "#404040 as text")
    #expect(try weakness(.header, ##"{ bg = "#ffffff" }"##)?.terminal == "#c0c0c0 as text")
    #expect(try weakness(.header, ##"{ bg = "#00005f" }"##, suits: "dark") == nil)
  }

  @Test("Only what cannot be chosen may be dim")
  func dim() throws {
    #expect(try report(["muted": #"{ attributes = ["dim"] }"#]).dimmed == [.muted])
    #expect(try report(["secondary": #"{ mono = ["dim"] }"#]).dimmed == [.secondary])
    #expect(try report(["disabled": #"{ attributes = ["dim"] }"#]).dimmed.isEmpty)
  }
}
