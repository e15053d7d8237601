import Glibc

/// The number of available colours.
public enum ColorDepth: Int, Sendable, Comparable, CaseIterable {
  case mono = 0
  case eight = 8
  case sixteen = 16
  case twoFiftySix = 256

  public static func < (left: ColorDepth, right: ColorDepth) -> Bool { left.rawValue < right.rawValue }

  /// Returns the greatest depth for a number of colours.
  init(colors: Int) {
    self = Self.allCases.last { $0.rawValue <= colors } ?? .mono
  }
}

/// The capabilities of the terminal and the preferences of the operator, determined once from the environment.
public struct Capabilities: Sendable, Equatable {
  /// Why the full screen is not possible, so that the linear mode is used; nil if it is.
  public var linearReason: LinearReason?
  /// The maximum colour depth; the screen uses less if the terminal has less.
  public var colors: ColorDepth
  /// Whether text outside of ASCII can be shown.
  public var showsUnicode: Bool
  /// The characters for lines and marks; ASCII also if the font may lack others.
  public var glyphs: Glyphs
  /// Whether the terminal can set its window title and restores the old one.
  public var setsTitle: Bool
  /// Whether the bell can be rung.
  public var rings: Bool

  public var fullScreen: Bool { linearReason == nil }

  public enum LinearReason: Sendable, Equatable {
    /// Standard input or output is a file or a pipe.
    case notATerminal
    /// `TERM` is empty, `dumb` or `unknown`.
    case simpleTerminal
    /// `ACCESSIBLE` is set, or `--linear` was given.
    case wanted
  }

  /// The requests of the command line.
  public struct Preferences: Sendable, Equatable {
    public var linear: Bool
    public var ascii: Bool
    public var noColor: Bool
    public var bell: Bool

    public init(linear: Bool = false, ascii: Bool = false, noColor: Bool = false, bell: Bool = true) {
      self.linear = linear
      self.ascii = ascii
      self.noColor = noColor
      self.bell = bell
    }
  }

  public init(
    linearReason: LinearReason?, colors: ColorDepth, showsUnicode: Bool, glyphs: Glyphs, setsTitle: Bool = false,
    rings: Bool = false
  ) {
    self.setsTitle = setsTitle
    self.rings = rings
    self.linearReason = linearReason
    self.colors = colors
    self.showsUnicode = showsUnicode
    self.glyphs = glyphs
  }

  /// Determines the capabilities from an environment, and from whether standard input and output are a terminal.
  ///
  /// - Parameter encoding: returns the character encoding of a locale; nil if the locale is not installed.
  public init(
    environment: [String: String], isTerminal: Bool, preferences: Preferences = Preferences(),
    encoding: (String) -> String? = Self.encoding(of:)
  ) {
    let terminal = environment["TERM"] ?? ""
    let accessible = environment["ACCESSIBLE"].map { !$0.isEmpty && $0 != "0" } ?? false
    if !isTerminal {
      linearReason = .notATerminal
    } else if ["", "dumb", "unknown"].contains(terminal) {
      linearReason = .simpleTerminal
    } else if preferences.linear || accessible {
      linearReason = .wanted
    } else {
      linearReason = nil
    }
    let noColor = preferences.noColor || !(environment["NO_COLOR"] ?? "").isEmpty
    colors = noColor ? .mono : Self.colors(of: terminal)
    showsUnicode = Self.showsUnicode(environment, encoding)
    // The font of the Linux console has lines and blocks, but few marks.
    let plain = preferences.ascii || !showsUnicode || terminal == "linux"
    glyphs = plain ? .ascii : .unicode
    setsTitle = isTerminal && Self.knowsTitles(terminal)
    rings = isTerminal && preferences.bell
  }

  /// Returns the capabilities of this process.
  public static func current(preferences: Preferences = Preferences()) -> Capabilities {
    Capabilities(
      environment: currentEnvironment(), isTerminal: isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1,
      preferences: preferences)
  }

  private static func colors(of terminal: String) -> ColorDepth {
    let name = terminal.lowercased()
    if name.isEmpty || ["dumb", "unknown"].contains(name) { return .mono }
    if name.contains("256") || name.contains("direct") { return .twoFiftySix }
    if name.contains("16color") { return .sixteen }
    if name.hasSuffix("-m") || name.hasSuffix("-mono") { return .mono }
    if name.hasPrefix("vt") && !name.hasPrefix("vte") { return .mono }
    let eight = ["xterm", "screen", "linux", "ansi", "rxvt", "cygwin", "pcansi", "eterm"]
    return eight.contains(name) ? .eight : .twoFiftySix
  }

  /// Returns whether the terminal is known to support titles. Others could show the title as text, and the Linux
  /// console has no window.
  private static func knowsTitles(_ terminal: String) -> Bool {
    let families = [
      "xterm", "tmux", "screen", "rxvt", "alacritty", "foot", "kitty", "konsole", "vte", "gnome", "wezterm", "ghostty",
      "st-", "putty", "contour", "mintty", "mlterm", "iterm",
    ]
    return families.contains { terminal.lowercased().hasPrefix($0) }
  }

  /// The first set variable decides. Without any, the locale is "C" by POSIX, and so it is for a locale that is not
  /// installed: only ASCII is sent.
  private static func showsUnicode(_ environment: [String: String], _ encoding: (String) -> String?) -> Bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"]
    guard let locale = names.lazy.compactMap({ environment[$0] }).first(where: { !$0.isEmpty }) else { return false }
    return encoding(locale) == "UTF-8"
  }

  /// Returns the character encoding of a locale of this system; nil if it is not installed.
  public static func encoding(of locale: String) -> String? {
    guard let found = newlocale(LC_CTYPE_MASK, locale, nil) else { return nil }
    defer { freelocale(found) }
    return nl_langinfo_l(nl_item(CODESET), found).map { String(cString: $0) }
  }
}

/// Returns the relevant environment of this process.
func currentEnvironment() -> [String: String] {
  let names = [
    "TERM", "ACCESSIBLE", "NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG", "HOME", "XDG_CONFIG_HOME", "ALOHA_WIZARD_THEME",
    "SSH_CONNECTION",
  ]
  return names.reduce(into: [:]) { found, name in
    if let value = getenv(name) { found[name] = String(cString: value) }
  }
}
