import CSystem

/// The width of characters on a terminal.
public enum CharacterWidth {
  /// Returns the number of columns of a scalar: 0 (a combining mark), 1 or 2; nil if it is not printable, or newer than
  /// the system's table. Independent of the locale.
  public static func columns(of scalar: Unicode.Scalar) -> Int? {
    let columns = csystem_character_width(scalar.value)
    return columns < 0 ? nil : Int(columns)
  }
}
