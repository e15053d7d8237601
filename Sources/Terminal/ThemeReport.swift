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
    /// Whether the background is the terminal's own, whose colour is unknown.
    public let onUnknownBackground: Bool
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

  public var isGood: Bool { faults.isEmpty && weaknesses.isEmpty && likenesses.isEmpty }

  init(faults: [String]) {
    self.faults = faults
    weaknesses = []
    likenesses = []
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
  }

  /// Roles that only their look distinguishes; states of work also have marks.
  private static let distinct: [(Role, Role)] = [
    (.focus, .text), (.focus, .selection), (.selection, .text), (.danger, .text), (.input, .text),
    (.production, .test), (.production, .restore), (.test, .restore),
  ]
}

extension Theme {
  /// WCAG AA: 4.5 for text, 3 for lines, bars and disabled elements. On the terminal's own background no theme can
  /// guarantee this on both white and black; there it is 3.5.
  private static func needed(_ role: Role, onUnknownBackground: Bool) -> Double {
    switch role {
    case .border, .progressDone, .progressTodo, .disabled: 3
    default: onUnknownBackground ? 3.5 : 4.5
    }
  }

  fileprivate func weakness(of role: Role, depth: ColorDepth) -> ThemeReport.Weakness? {
    let look = appearance(of: role, depth: depth)
    // The contrast of the terminal's own colours is unknown.
    guard look.foreground >= 0, depth == .twoFiftySix || look.background >= 0 else { return nil }
    let isUnknown = look.background < 0
    let backgrounds = isUnknown ? [16, 231] : [look.background]
    let contrast = backgrounds.map { Color.contrast(look.foreground, $0) }.min() ?? 21
    let needed = Self.needed(role, onUnknownBackground: isUnknown)
    guard contrast < needed else { return nil }
    return ThemeReport.Weakness(
      role: role, depth: depth, contrast: contrast, needed: needed, onUnknownBackground: isUnknown)
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
