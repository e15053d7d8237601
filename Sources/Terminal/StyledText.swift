extension Theme {
  /// Returns text for the normal screen in the style of a role, followed by a reset.
  public func styled(_ text: String, as role: Role, depth: ColorDepth) -> String {
    let look = appearance(of: role, depth: depth)
    var codes = Self.codes.filter { look.attributes.contains($0.attribute) }.map(\.code)
    if look.foreground >= 0 { codes.append(Self.code(look.foreground, depth, low: 30, bright: 90, many: 38)) }
    if look.background >= 0 { codes.append(Self.code(look.background, depth, low: 40, bright: 100, many: 48)) }
    return codes.isEmpty ? text : "\u{1B}[\(codes.joined(separator: ";"))m\(text)\u{1B}[0m"
  }

  private static let codes: [(attribute: Attributes, code: String)] = [
    (.bold, "1"), (.dim, "2"), (.italic, "3"), (.underline, "4"), (.reverse, "7"),
  ]

  private static func code(_ index: Int, _ depth: ColorDepth, low: Int, bright: Int, many: Int) -> String {
    switch index {
    case 0..<8: "\(low + index)"
    case 8..<16: "\(bright + index - 8)"
    default: "\(many);5;\(index)"
    }
  }

  /// Returns the definition of a role in words: "bold, #0087af on #ffffff".
  public func description(of role: Role) -> String {
    let style = style(of: role)
    let words = Attributes.names.filter { style.attributes.contains($0.attribute) }.map(\.name)
    let colors = [style.foreground.map(\.name), style.background.map { "on \($0.name)" }].compactMap { $0 }
    let all =
      words.joined(separator: " ") + (words.isEmpty || colors.isEmpty ? "" : ", ") + colors.joined(separator: " ")
    return all.isEmpty ? "as the screen" : all
  }
}
