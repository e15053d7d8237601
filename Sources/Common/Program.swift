/// What this program calls itself, in archives and in `--version`.
public enum Program {
  public static let name = "aloha-wizard"
  public static let version = "0.1.0"
  public static var nameAndVersion: String { "\(name) \(version)" }
}
