extension InputRule {
  /// A recipient of age: a public key of age or SSH. Missing and changed letters are detected.
  public static func recipient(_ text: String) -> String? {
    if text.isEmpty { return "Enter the public key" }
    let upper = text.uppercased()
    if upper.hasPrefix("AGE-SECRET-KEY-") || upper.hasPrefix("AGE-PLUGIN-") || upper.contains("PRIVATE KEY") {
      return "This is the private key. Keep it off this server; the public one begins with age1"
    }
    if hasControlCharacter(text) { return "A public key is one line" }
    if text.hasPrefix("age1") {
      return ageKey(text) ? nil : "This key is incomplete: copy it as printed by age-keygen"
    }
    for kind in ["ssh-ed25519", "ssh-rsa"] where text.hasPrefix("\(kind) ") {
      return sshKey(text, kind) ? nil : "This key is incomplete: copy its whole line"
    }
    return "A public key begins with age1"
  }

  // MARK: The keys of age

  private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)

  /// Checks a Bech32 text: a prefix before the last "1" names the kind, and the last six letters are a checksum.
  private static func ageKey(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count <= 4096, let one = bytes.lastIndex(of: UInt8(ascii: "1")), bytes.count - one - 1 >= 6 else {
      return false
    }
    let kind = bytes[..<one]
    guard kind.allSatisfy({ (0x21...0x7E).contains($0) && !(0x41...0x5A).contains($0) }) else { return false }
    let values = bytes[(one + 1)...].compactMap { byte in alphabet.firstIndex(of: byte).map { UInt32($0) } }
    guard values.count == bytes.count - one - 1 else { return false }
    let spread = kind.map { UInt32($0 >> 5) } + [0] + kind.map { UInt32($0 & 31) }
    guard checksum(spread + values) == 1 else { return false }
    // 32 bytes are 52 letters; keys of plug-ins have other lengths.
    return String(decoding: kind, as: UTF8.self) != "age" || values.count == 52 + 6
  }

  private static func checksum(_ values: [UInt32]) -> UInt32 {
    let generators: [UInt32] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
    var sum: UInt32 = 1
    for value in values {
      let top = sum >> 25
      sum = ((sum & 0x1ff_ffff) << 5) ^ value
      for (bit, generator) in generators.enumerated() where (top >> UInt32(bit)) & 1 == 1 { sum ^= generator }
    }
    return sum
  }

  // MARK: The keys of SSH

  /// The encoded data repeats the kind's name and consists of complete parts.
  private static func sshKey(_ text: String, _ kind: String) -> Bool {
    let words = text.split(separator: " ")
    guard words.count >= 2, let bytes = Base64.decode(words[1].utf8) else { return false }
    var parts: [ArraySlice<UInt8>] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      guard rest.count >= 4 else { return false }
      let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(4)
      guard length <= rest.count else { return false }
      parts.append(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    guard parts.first?.elementsEqual(kind.utf8) == true else { return false }
    return kind == "ssh-rsa" ? parts.count == 3 : parts.count == 2 && parts[1].count == 32
  }
}
