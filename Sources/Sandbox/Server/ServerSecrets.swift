import Common
import Operations

/// The random secrets of one server, in the format of the server's secrets file.
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
