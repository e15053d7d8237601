import Common

/// The faults of a theme; empty for shipped ones.
public struct ThemeReport: Sendable, Equatable {
  /// A text that is hard to read.
  public struct Weakness: Sendable, Equatable {
    public let role: Role
    public let depth: ColorDepth
    /// From 1 to 21.
    public let contrast: Double
    public let needed: Double
    /// The terminal's background, or its text colour, with this contrast; nil if both colours are the theme's.
    public let terminal: String?
  }

  /// Two roles with the same look that must be distinguishable.
  public struct Likeness: Sendable, Equatable {
    public let role: Role
    public let other: Role
    public let depth: ColorDepth
  }

  /// The faults of the file: missing and unknown roles, invalid colours.
  public let faults: [String]
  public let weaknesses: [Weakness]
  public let likenesses: [Likeness]
  /// The roles that are dim although they are to be read. How dim they get depends on the terminal.
  public let dimmed: [Role]

  public var isGood: Bool { faults.isEmpty && weaknesses.isEmpty && likenesses.isEmpty && dimmed.isEmpty }

  /// - Parameter faults: at least one: the file cannot be used.
  public init(faults: [String]) {
    self.faults = faults
    weaknesses = []
    likenesses = []
    dimmed = []
  }

  public init(_ theme: Theme) {
    faults = []
    weaknesses = ColorDepth.allCases.filter { $0 != .mono }.flatMap { depth in
      Role.allCases.compactMap { theme.weakness(of: $0, depth: depth) }
    }
    likenesses = ColorDepth.allCases.flatMap { depth in
      Self.distinct.filter {
        theme.appearance(of: $0.0, depth: depth) == theme.appearance(of: $0.1, depth: depth)
      }.map { Likeness(role: $0.0, other: $0.1, depth: depth) }
    }
    dimmed = Role.allCases.filter { role in
      let style = theme.style(of: role)
      return role != .disabled && (style.attributes.contains(.dim) || style.mono.contains(.dim))
    }
  }

  /// Roles that only their look distinguishes; states of work also have marks.
  private static let distinct: [(Role, Role)] = [
    (.focus, .text), (.focus, .selection), (.selection, .text), (.danger, .text), (.input, .text),
    (.production, .test), (.production, .restore), (.test, .restore),
  ]
}

extension Theme.Suitability {
  /// Common backgrounds of terminals. They are measured, because the terminal's own one is unknown.
  fileprivate var backgrounds: [TerminalColor] {
    switch self {
    case .dark: [TerminalColor(0x000000), TerminalColor(0x1E1E1E)]
    case .light: [TerminalColor(0xFFFFFF), TerminalColor(0xFDF6E3)]
    case .any: Self.dark.backgrounds + Self.light.backgrounds
    }
  }

  /// The faintest usual text colours of such terminals.
  fileprivate var texts: [TerminalColor] {
    switch self {
    case .dark: [TerminalColor(0xC0C0C0)]
    case .light: [TerminalColor(0x404040)]
    case .any: Self.dark.texts + Self.light.texts
    }
  }
}

/// A colour that a terminal may use as its own.
private struct TerminalColor {
  let name: String
  let parts: (red: Int, green: Int, blue: Int)

  init(_ value: Int) {
    let color = Color.rgb(red: value >> 16, green: value >> 8 & 0xFF, blue: value & 0xFF)
    name = color.name
    parts = (value >> 16, value >> 8 & 0xFF, value & 0xFF)
  }
}

extension Theme {
  /// WCAG AA: 4.5 for text, 3 for lines, bars and disabled elements. Signs are text, except where no colour can have more
  /// than 4: on the terminal's own background if it can be dark or light. There they need 3, like other graphics.
  private func needed(_ role: Role, onTerminal: Bool) -> Double {
    switch role.reading {
    case .text: 4.5
    case .sign: onTerminal && suits == .any ? 3 : 4.5
    case .line: 3
    }
  }

  fileprivate func weakness(of role: Role, depth: ColorDepth) -> ThemeReport.Weakness? {
    let look = appearance(of: role, depth: depth)
    let measured: [(contrast: Double, terminal: String?)]
    switch (look.foreground >= 0, look.background >= 0) {
    // Text in the terminal's own colour on its own background is as readable as the user has chosen.
    case (false, false): return nil
    case (true, true): measured = [(Color.contrast(look.foreground, look.background), nil)]
    case (false, true):
      let background = Color.components(look.background)
      measured = suits.texts.map { (Color.contrast($0.parts, background), "\($0.name) as text") }
    case (true, false):
      // With few colours, the user's own settings decide how each of them looks.
      guard depth == .twoFiftySix else { return nil }
      let text = Color.components(look.foreground)
      measured = suits.backgrounds.map { (Color.contrast(text, $0.parts), "\($0.name)") }
    }
    guard let worst = measured.min(by: { $0.contrast < $1.contrast }) else { return nil }
    let needed = needed(role, onTerminal: look.background < 0)
    guard worst.contrast < needed else { return nil }
    return ThemeReport.Weakness(
      role: role, depth: depth, contrast: worst.contrast, needed: needed, terminal: worst.terminal)
  }
}

extension ThemeLibrary {
  /// Checks a theme with any faults.
  ///
  /// - Parameter wanted: a name, or the path of a file.
  /// - Throws: if it does not exist.
  public func report(_ wanted: String) throws -> ThemeReport {
    do {
      return ThemeReport(try theme(wanted))
    } catch let failure as ThemeFile.Unusable {
      return ThemeReport(faults: failure.faults)
    }
  }
}
