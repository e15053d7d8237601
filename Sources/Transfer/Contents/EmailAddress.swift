/// The form of an e-mail address that the server requires of new users.
enum EmailAddress {
  private static let maximumLength = 254
  private static let maximumLocalLength = 64
  /// The allowed characters besides letters and digits.
  private static let localCharacters: Set<Unicode.Scalar> = Set("!#$%&'*+/=?^_`{}|~-".unicodeScalars)

  static func isValid(_ address: String) -> Bool {
    guard address.unicodeScalars.count <= maximumLength, let at = address.lastIndex(of: "@") else { return false }
    let local = address[..<at]
    let domain = address[address.index(after: at)...]
    return isLocal(local) && isDomain(domain)
  }

  /// Accepts words separated by full stops, or a quoted text.
  private static func isLocal(_ local: Substring) -> Bool {
    guard !local.isEmpty, local.unicodeScalars.count <= maximumLocalLength else { return false }
    if local.count > 2, local.hasPrefix("\""), local.hasSuffix("\"") {
      return local.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }
    return local.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { word in
      !word.isEmpty && word.unicodeScalars.allSatisfy { isWordCharacter($0) || localCharacters.contains($0) }
    }
  }

  /// Accepts labels of letters, digits and inner hyphens; one is enough, for hosts of a private network. Or an address
  /// in brackets.
  private static func isDomain(_ domain: Substring) -> Bool {
    if domain.hasPrefix("["), domain.hasSuffix("]") {
      return domain.dropFirst().dropLast().unicodeScalars.allSatisfy {
        $0.properties.isASCIIHexDigit || $0 == "." || $0 == ":"
      }
    }
    guard !domain.isEmpty else { return false }
    return domain.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      !label.isEmpty && label.unicodeScalars.count <= 63 && label.first != "-" && label.last != "-"
        && label.unicodeScalars.allSatisfy { isWordCharacter($0) || $0 == "-" || $0 == "_" }
    }
  }

  private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII
      ? scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
      : scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        || scalar.properties.generalCategory == .nonspacingMark
  }
}
