import Common
import Engine

/// The secrets of one server, random for each, in the form of the server's own file.
struct ServerSecrets: Sendable {
  let avatarSalt: String
  let databasePassword: Secret
  let text: String

  init(brand: Brand) {
    avatarSalt = RandomText.hexadecimal(32)
    let password = RandomText.alphanumeric(32)
    databasePassword = Secret(password)
    let secrets = [
      ("avatar_salt", avatarSalt),
      ("rabbitmq_password", RandomText.hexadecimal(64)),
      ("shared_secret", RandomText.hexadecimal(64)),
      ("secret_key", RandomText.alphanumeric(50)),
      ("camo_key", RandomText.hexadecimal(64)),
      ("memcached_password", RandomText.hexadecimal(64)),
      ("postgres_password", password),
      ("\(brand.rawValue)_org_key", RandomText.alphanumeric(64)),
      ("\(brand.rawValue)_org_id", RandomUUID.make()),
    ]
    text = "[secrets]\n" + secrets.map { "\($0.0) = \($0.1)\n" }.joined()
  }
}

/// UUIDs of version 4.
enum RandomUUID {
  static func make() -> String {
    var generator = SystemRandomNumberGenerator()
    return make(using: &generator)
  }

  static func make(using generator: inout some RandomNumberGenerator) -> String {
    var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    let text = Hexadecimal.encode(bytes)
    var parts: [Substring] = []
    var rest = text[...]
    for length in [8, 4, 4, 4, 12] {
      parts.append(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    return parts.joined(separator: "-")
  }
}
