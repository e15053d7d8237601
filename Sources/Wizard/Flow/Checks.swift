/// Reasons why a typed answer will not do, as sentences for the line below its field.
enum AnswerCheck {
  /// Letters, digits and dashes, as the server itself demands; empty is the root domain.
  static func subdomain(_ text: String) -> String? {
    let allowed = text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    guard allowed else {
      return text.contains { $0.isUppercase }
        ? "Only small letters, please" : "Only small letters a-z, digits and dashes can stand here"
    }
    if text.hasPrefix("-") || text.hasSuffix("-") { return "A dash can stand neither first nor last" }
    if text.utf8.count > 40 { return "At most 40 characters; these are \(text.utf8.count)" }
    return nil
  }

  /// A path from the root of the file system.
  static func absolutePath(_ text: String) -> String? {
    if text.isEmpty { return "A path is needed here" }
    if !text.hasPrefix("/") { return "The path must begin with /" }
    if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
      return "There is a control character in the path"
    }
    return nil
  }

  static func archive(_ text: String) -> String? {
    if let problem = absolutePath(text) { return problem }
    return text.hasSuffix(".tar.gz") ? nil : "The name must end with .tar.gz"
  }
}
