/// Decides which parts of a configuration must not be shown: by the name of a setting, by words in its value, and by
/// the form of the value, whatever the setting's name.
///
/// In doubt, values are hidden: the fingerprint of a hidden value still shows whether it differs.
package enum SecretSigns {
  private static let words = [
    "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "PWD", "TOKEN", "PRIVATE", "API_KEY", "APIKEY", "ACCESS_KEY", "_DSN",
    "BIND_PASS", "CREDENTIAL", "AUTHORIZATION", "BEARER ",
  ]

  /// Settings about passwords that contain none.
  private static let harmless: Set<String> = [
    "PASSWORD_MIN_LENGTH", "PASSWORD_MIN_GUESSES", "PASSWORD_MAX_LENGTH", "PASSWORD_HASHERS",
    "ADD_TOKENS_TO_NOREPLY_ADDRESS", "TOKENIZED_NOREPLY_EMAIL_ADDRESS",
  ]

  /// Returns whether the value of a setting must not be shown.
  ///
  /// - Parameter value: in the notation of the file, or decoded.
  package static func cover(_ name: String, _ value: String = "") -> Bool {
    if holdCredentials(value) { return true }
    let name = name.uppercased()
    if harmless.contains(name) { return false }
    let value = value.uppercased()
    let parts = name.split { !$0.isLetter }
    return words.contains { name.contains($0) || value.contains($0) } || parts.contains("PASS") || parts.contains("PW")
  }

  /// Returns whether a comment line may contain a former value: `# EMAIL_PASSWORD = "…"`, or an address with a
  /// password.
  package static func coverComment(_ line: String) -> Bool {
    if holdCredentials(line) { return true }
    // The word before each sign that could assign a value.
    var word = ""
    var isEnded = false
    for (index, character) in zip(line.indices, line) {
      if character == "=" || character == ":" {
        let behind = line[line.index(after: index)...]
        if !word.isEmpty, cover(word), behind.contains(where: { !$0.isWhitespace }) { return true }
        word = ""
      } else if character.isWhitespace {
        isEnded = true
      } else {
        if isEnded { word = "" }
        isEnded = false
        word.append(character)
      }
    }
    return false
  }

  /// Returns whether a value contains an address with a user name or password before its host, a parameter with a
  /// secret's name, or an address that is itself secret: `scheme://user:password@host`, `user:password@host/db`,
  /// `?token=…`.
  package static func holdCredentials(_ value: String) -> Bool {
    let bytes = Array(unescaped(value).lowercased().utf8)
    return hasUserInformation(bytes) || hasSecretParameter(bytes) || isSecretAddress(bytes)
  }

  // MARK: Forms

  private static let lineEnds: Set<UInt8> = [0x0A, 0x0D]
  private static let wordEnds: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, 0x22, 0x27, 0x2C, 0x28, 0x3C, 0x5B, 0x7B]

  private static func hasUserInformation(_ bytes: [UInt8]) -> Bool {
    var seesScheme = false
    var word = 0
    var colon: Int?
    for (index, byte) in bytes.enumerated() {
      if byte == 0x3A {
        // A password may contain any character: text between a scheme and an @ is never shown.
        if index + 2 < bytes.count, bytes[index + 1] == 0x2F, bytes[index + 2] == 0x2F { seesScheme = true }
        if colon == nil { colon = index }
      } else if wordEnds.contains(byte) {
        if lineEnds.contains(byte) { seesScheme = false }
        word = index + 1
        colon = nil
      } else if byte == 0x40 {
        if seesScheme { return true }
        if let colon, !["mailto", "xmpp", "sip", "sips"].contains(String(decoding: bytes[word..<colon], as: UTF8.self))
        {
          return true
        }
      }
    }
    return false
  }

  private static let parameters = [
    "pass", "pwd", "secret", "token", "key", "auth", "sig", "cred", "jwt", "session", "code",
  ]

  /// Searches for `?name=`, `&name=`, `;name=`.
  private static func hasSecretParameter(_ bytes: [UInt8]) -> Bool {
    var start: Int?
    for (index, byte) in bytes.enumerated() {
      switch byte {
      case 0x3F, 0x26, 0x3B: start = index + 1
      case 0x3D:
        guard let name = start else { continue }
        start = nil
        let text = String(decoding: bytes[name..<index].prefix(80), as: UTF8.self)
        if parameters.contains(where: text.contains) { return true }
      case 0x20, 0x09, 0x0A, 0x0D, 0x22, 0x27: start = nil
      default: break
      }
    }
    return false
  }

  /// Recognizes addresses of webhooks, which allow posting without further authentication.
  private static func isSecretAddress(_ bytes: [UInt8]) -> Bool {
    let text = String(decoding: bytes, as: UTF8.self)
    return ["://hooks.", "/webhook", "/api/hooks/"].contains { text.contains($0) }
  }

  /// Returns the text with Python's escapes decoded, as far as they could hide a sign.
  private static func unescaped(_ text: String) -> String {
    guard text.utf8.contains(0x5C) else { return text }
    let scalars = Array(text.unicodeScalars)
    var result = String.UnicodeScalarView()
    var index = 0
    while index < scalars.count {
      let length = ["x": 2, "u": 4, "U": 8][index + 1 < scalars.count ? scalars[index + 1] : " "] ?? 0
      if scalars[index] == "\\", length > 0, index + 1 + length < scalars.count {
        let digits = String(String.UnicodeScalarView(scalars[index + 2...index + 1 + length]))
        if let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value) {
          result.append(scalar)
          index += 2 + length
          continue
        }
      }
      result.append(scalars[index])
      index += 1
    }
    return String(result)
  }
}
