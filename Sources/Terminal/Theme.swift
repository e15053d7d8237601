/// The look of all roles.
public struct Theme: Sendable, Equatable {
  public let name: String
  /// One line for a list of themes.
  public let summary: String
  /// The terminals for which it is meant, if it uses their background.
  public let suits: Suitability
  private let styles: [Role: Style]

  /// The brightness of the terminal's own background; the key `for` of a theme's file.
  public enum Suitability: String, Sendable, CaseIterable { case dark, light, any }

  /// Bold, underlined, and others.
  public struct Attributes: OptionSet, Sendable, Hashable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }
    public static let bold = Attributes(rawValue: 1)
    public static let dim = Attributes(rawValue: 2)
    public static let italic = Attributes(rawValue: 4)
    public static let underline = Attributes(rawValue: 8)
    public static let reverse = Attributes(rawValue: 16)

    static let names: [(name: String, attribute: Attributes)] = [
      ("bold", .bold), ("dim", .dim), ("italic", .italic), ("underline", .underline), ("reverse", .reverse),
    ]
  }

  /// A role as the theme's file defines it.
  public struct Style: Sendable, Hashable {
    /// Nil: the colour of the role `background`.
    public var foreground: Color?
    public var background: Color?
    public var attributes: Attributes
    /// The attributes without colours.
    public var mono: Attributes
  }

  /// A role as a terminal shows it: palette indices, with -1 for the default.
  public struct Appearance: Sendable, Hashable {
    public var foreground: Int
    public var background: Int
    public var attributes: Attributes
  }

  init(name: String, summary: String, suits: Suitability = .any, styles: [Role: Style]) {
    self.name = name
    self.summary = summary
    self.suits = suits
    self.styles = styles
  }

  public func style(of role: Role) -> Style {
    styles[role] ?? Style(foreground: nil, background: nil, attributes: [], mono: [])
  }

  /// Returns the look of a role at a colour depth.
  public func appearance(of role: Role, depth: ColorDepth) -> Appearance {
    let style = style(of: role)
    if depth == .mono { return Appearance(foreground: -1, background: -1, attributes: style.mono) }
    let screen = self.style(of: .background)
    let foreground = style.foreground ?? screen.foreground ?? .standard
    let background = style.background ?? screen.background ?? .standard
    var look = Appearance(
      foreground: foreground.index(in: depth, freely: background == .standard),
      background: background.index(in: depth, freely: false), attributes: style.attributes)
    if depth == .eight && foreground.isBright { look.attributes.insert(.bold) }
    // With few colours, black and white are exchanged if that is more readable.
    if depth < .twoFiftySix, look.background >= 0, [0, 7, 15].contains(look.foreground) {
      look.foreground = Color.readable(on: look.background, depth: depth)
    } else if depth < .twoFiftySix, look.foreground >= 0, look.background >= 0 {
      look.foreground = Color.readable(look.foreground, on: look.background, depth: depth)
    }
    // With eight colours, bold would turn black into gray.
    if depth == .eight && look.foreground == 0 && look.background >= 0 { look.attributes.remove(.bold) }
    return look
  }
}
