import CSystem

/// How much room characters take on a terminal.
public enum CharacterWidth {
  /// Columns that a terminal uses for one scalar: 0 (a mark over the one before), 1 or 2; nil where it is not printable
  /// or newer than the system's table. The same whatever the locale.
  public static func columns(of scalar: Unicode.Scalar) -> Int? {
    let columns = csystem_character_width(scalar.value)
    return columns < 0 ? nil : Int(columns)
  }
}
