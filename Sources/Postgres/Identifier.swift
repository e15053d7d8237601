/// Quotes identifiers and literals for SQL.
public enum Identifier {
  /// Returns the name in double quotes, with embedded quotes doubled. Names must come from the catalog or the table
  /// map, never from an archive.
  public static func quote(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  public static func list(_ names: [String]) -> String {
    names.map(quote).joined(separator: ", ")
  }

  /// Returns a text literal. Use parameters for values; literals are for statements without parameters (COPY, SET).
  public static func literal(_ text: String) -> String {
    let quoted = text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
    guard quoted.contains("\\") else { return "'\(quoted)'" }
    return "E'" + quoted.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\") + "'"
  }
}
