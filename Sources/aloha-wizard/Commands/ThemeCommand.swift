import ArgumentParser
import Common
import Glibc
import Terminal

struct ThemeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "theme", abstract: "List, check and show the themes of the wizard.",
    discussion: Examples.after(
      """
      A theme is a TOML file. It is looked for in ~/.config/aloha-wizard/themes, then /etc/aloha-wizard/themes, then among \
      those that came with the program; select one with --theme NAME, or permanently with ALOHA_WIZARD_THEME=NAME. A theme \
      that cannot be used never stops the wizard: it says so and shows the default theme.
      """,
      "theme list", "theme check ~/.config/aloha-wizard/themes/mine.toml"),
    subcommands: [List.self, Check.self, Show.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the themes and the file of each.",
      discussion: Examples.after("", "theme list", "theme list --json"))

    @OptionGroup var output: JSONOption

    private struct Line: Encodable {
      let name: String
      let summary: String?
      let file: String?
    }

    func run() throws {
      let library = ThemeLibrary.current()
      if output.json {
        let themes = library.list()
        for (name, path) in themes {
          let summary = (try? library.theme(path ?? name))?.summary
          StandardStream.json(JSONText.of("theme", Line(name: name, summary: summary, file: path)))
        }
        return StandardStream.json(JSONText.end(ofList: themes.count))
      }
      let rows = library.list().map { entry in
        let summary = (try? library.theme(entry.path ?? entry.name))?.summary ?? "cannot be used; see: theme check"
        return [entry.name, SafeText.clean(summary, limit: 90), entry.path ?? "(in the program)"]
      }
      StandardStream.output(ColumnText.of([["NAME", "SUMMARY", "FROM"]] + rows))
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check for missing and unknown roles, and for text that is hard to read.",
      discussion: Examples.after(
        """
        Text needs a contrast of 4.5 to 1 (WCAG AA), lines and bars 3 to 1, as 256, 16 and 8 colours show it. Where a theme \
        keeps the terminal's own background, it is measured on #000000, #1e1e1e, #ffffff and #fdf6e3, or on two of them if \
        the file says for = "dark" or for = "light". No colour reaches 4.5 on all four: there text must keep the terminal's \
        own colour, and signs need 3 to 1. Only the role disabled may be dim. Without a name all themes are checked. The \
        exit code is 30 if there are problems.
        """,
        "theme check", "theme check dark --json"))

    @OptionGroup var output: JSONOption

    @Argument(help: "A theme's name or file.")
    var theme: String?

    /// The result of one theme, for programs.
    private struct Line: Encodable {
      let name: String
      let isGood: Bool
      /// The problems, in the words of the text.
      let problems: [String]
    }

    func run() throws {
      let library = ThemeLibrary.current()
      var isGood = true
      var count = 0
      for entry in theme.map({ [ThemeName.resolved($0)] }) ?? library.list().map({ $0.path ?? $0.name }) {
        let report = try report(entry, library)
        isGood = isGood && report.isGood
        count += 1
        let name = SafeText.clean(entry)
        if output.json {
          let line = Line(name: name, isGood: report.isGood, problems: Self.problems(report))
          StandardStream.json(JSONText.of("themeChecked", line))
        } else {
          StandardStream.output(Self.text(of: report, name))
        }
      }
      if output.json { StandardStream.json(JSONText.end(ofList: count)) }
      if !isGood { throw ExitCode(FailureFamily.blocked.rawValue) }
    }

    /// Of all themes, one that cannot be read does not hide the others.
    private func report(_ entry: String, _ library: ThemeLibrary) throws -> ThemeReport {
      do {
        return try library.report(entry)
      } catch let failure as any Failure where theme == nil {
        return ThemeReport(faults: [failure.reason])
      }
    }

    private static func text(of report: ThemeReport, _ name: String) -> String {
      guard !report.isGood else { return "\(name): good\n" }
      return "\(name):\n" + problems(report).map { "  \($0)\n" }.joined()
    }

    private static func problems(_ report: ThemeReport) -> [String] {
      var lines = report.faults.map { SafeText.clean($0) }
      for depth in ColorDepth.allCases.reversed() {
        for weak in report.weaknesses where weak.depth == depth {
          let place = weak.terminal.map { " on a terminal with \($0)" } ?? ""
          lines.append(
            "\(depth.words): \(weak.role.rawValue) has a contrast of \(tenths(weak.contrast))\(place), "
              + "and needs \(tenths(weak.needed))")
        }
        for like in report.likenesses where like.depth == depth {
          lines.append("\(depth.words): \(like.role.rawValue) looks the same as \(like.other.rawValue)")
        }
      }
      return lines + report.dimmed.map { "\($0.rawValue) is dim, and only disabled may be" }
    }

    private static func tenths(_ value: Double) -> String {
      // Rounded down: 4.49 is less than 4.5.
      let hundredths = Int(value * 100)
      let rest = hundredths % 100
      return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show every role of a theme in its style.",
      discussion: Examples.after("", "theme show high-contrast", "theme show mine.toml --colors 16"))

    @Argument(help: "A theme's name or file; by default the one that the wizard uses.")
    var theme: String?

    @Flag(help: "Use no colours.")
    var noColor = false

    @Option(help: "The number of colours: 0, 8, 16 or 256; by default those of this terminal.")
    var colors: Int?

    func validate() throws {
      if let colors, ColorDepth(rawValue: colors) == nil { throw ValidationError("--colors is 0, 8, 16 or 256.") }
    }

    func run() throws {
      let theme = try usable()
      let depth = depth
      var text = "\(SafeText.clean(theme.name)): \(SafeText.clean(theme.summary)) (\(depth?.words ?? "plain text"))\n"
      for role in Role.allCases {
        let name = TextWidth.padded(role.rawValue, to: 13)
        let sample = " The quick lagoon 0123 "
        let shown = depth.map { theme.styled(sample, as: role, depth: $0) } ?? sample
        text += "  \(name) \(shown) \(theme.description(of: role))\n"
      }
      StandardStream.output(text)
    }

    /// - Throws: `.blocked` for a theme that cannot be used, as ``Check`` does.
    private func usable() throws -> Theme {
      do {
        return try ThemeLibrary.current().theme(theme.map(ThemeName.resolved))
      } catch let failure as any Failure where failure.family == .usage {
        throw PlainFailure(.blocked, failure.subject, failure.reason, remedy: failure.remedy)
      }
    }

    /// Nil: no style, like in a file.
    private var depth: ColorDepth? {
      if let colors { return ColorDepth(rawValue: colors) }
      guard isatty(STDOUT_FILENO) == 1 else { return nil }
      let capabilities = Capabilities.current(preferences: .init(noColor: noColor))
      return capabilities.linearReason == .simpleTerminal ? nil : capabilities.colors
    }
  }
}

extension ColorDepth {
  fileprivate var words: String {
    switch self {
    case .mono: "without colour"
    case .eight: "8 colours"
    case .sixteen: "16 colours"
    case .twoFiftySix: "256 colours"
    }
  }
}
