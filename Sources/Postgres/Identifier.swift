/// Names of tables and columns, made safe to stand in SQL.
public enum Identifier {
  /// In double quotes, with quotes inside doubled. Names come from the catalog or the table map, never from an archive.
  public static func quote(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  public static func list(_ names: [String]) -> String {
    names.map(quote).joined(separator: ", ")
  }

  /// A text literal. For values use parameters; this is for statements that take none (COPY, SET).
  public static func literal(_ text: String) -> String {
    let quoted = text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
    guard quoted.contains("\\") else { return "'\(quoted)'" }
    return "E'" + quoted.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\") + "'"
  }
}
