/// Rules for values typed by an operator. Each returns why a value is invalid, as a sentence without a full stop; nil
/// if it is valid.
///
/// The wizard's fields and the options of the command line use the same rules. They access no files and no servers:
/// checks find out whether a path exists or a name is free.
public enum InputRule {
  // MARK: Names

  /// The reason why a text is no subdomain, also where a valid one is proposed with it.
  public static let smallLetters = "Use only small letters a-z, digits and dashes"

  /// Letters, digits and dashes, as the server requires; empty for the root domain.
  public static func subdomain(_ text: String) -> String? {
    let allowed = text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
    guard allowed else { return smallLetters }
    if text.hasPrefix("-") || text.hasSuffix("-") { return "The first and the last character cannot be a dash" }
    if text.utf8.count > 40 { return "At most 40 characters; these are \(text.utf8.count)" }
    return nil
  }

  /// A host name with an optional port, as EXTERNAL_HOST accepts.
  public static func hostName(_ text: String) -> String? {
    if text.isEmpty { return "Enter a name" }
    if text.contains("/") { return "The name alone, without https:// and without a path" }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let isPort = parts.count == 1 || (parts.count == 2 && number(String(parts[1]), 1...65_535) != nil)
    let labels = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let isName = labels.allSatisfy { label in
      !label.isEmpty && label.utf8.count <= 63 && label.utf8.first != UInt8(ascii: "-")
        && label.utf8.last != UInt8(ascii: "-")
        && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
    }
    return isPort && isName && parts[0].utf8.count <= 253
      ? nil : "Small letters, digits, dashes and dots, as in chat.example.com"
  }

  /// An email address in a server's database, checked like a mail server does.
  public static func address(_ text: String) -> String? {
    if text.isEmpty { return "Enter an address" }
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    let isPlain = !hasControlCharacter(text) && !text.contains { " ,;<>\"".contains($0) }
    return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && isPlain && text.utf8.count <= 320
      ? nil : "That is no mail address"
  }

  /// A recipient of mail from this machine: an address, or a local user.
  public static func mailbox(_ text: String) -> String? {
    if text.isEmpty { return "Enter an address" }
    let characters = text.utf8.allSatisfy { byte in
      (0x41...0x5A).contains(byte) || isLetterOrDigit(byte) || "-_.+@".utf8.contains(byte)
    }
    let isUser = !text.contains("@") && text.utf8.count <= 32
    return characters && text.utf8.first != UInt8(ascii: "-") && (isUser || address(text) == nil)
      ? nil : "That is no mail address, and no user of this machine"
  }

  /// A role of PostgreSQL.
  public static func role(_ text: String) -> String? {
    if text.isEmpty { return "Enter a name" }
    if hasControlCharacter(text) { return "There is a control character in the name" }
    return text.utf8.count <= 63 ? nil : "At most 63 bytes; these are \(text.utf8.count)"
  }

  // MARK: Paths

  /// A path: absolute, relative to the working directory, or with `~`.
  public static func path(_ text: String) -> String? {
    if text.isEmpty { return "Enter a path" }
    return hasControlCharacter(text) ? "There is a control character in the path" : TypedPath.problem(text)
  }

  /// An absolute path.
  public static func absolutePath(_ text: String) -> String? {
    if text.isEmpty { return "Enter a path" }
    if !text.hasPrefix("/") { return TypedPath.problem(text) ?? "The path must begin with /" }
    return path(text)
  }

  /// The name of a new archive.
  public static func archive(_ text: String, isEncrypted: Bool = false) -> String? {
    if let problem = absolutePath(text) { return problem }
    if isEncrypted { return text.hasSuffix(".age") ? nil : "Encrypted, its name must end with .tar.gz.age" }
    return text.hasSuffix(".tar.gz") ? nil : "The name must end with .tar.gz"
  }

  // MARK: Numbers

  /// Parses a number of digits within a range; returns nil for other texts.
  public static func number(_ text: String, _ range: ClosedRange<Int>) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text) else {
      return nil
    }
    return range.contains(number) ? number : nil
  }

  /// The allowed number of backups to keep per period.
  public static let kept = 0...9999

  /// Parses an hour and a minute; returns nil for other texts.
  public static func clock(_ text: String) -> (hour: Int, minute: Int)? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, (1...2).contains(parts[0].count), parts[1].count == 2,
      let hour = number(String(parts[0]), 0...23), let minute = number(String(parts[1]), 0...59)
    else { return nil }
    return (hour, minute)
  }

  public static func time(_ text: String) -> String? {
    clock(text) == nil ? "An hour and a minute, as in 03:30" : nil
  }

  // MARK: Characters

  static func hasControlCharacter(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.properties.generalCategory == .control }
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
  }
}
