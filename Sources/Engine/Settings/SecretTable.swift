/// The server's secrets, one entry each. To teach this program another one, add an entry.
struct SecretTable {
  struct Entry {
    /// The key on the old server and on the new one: some carry the server's name.
    let keys: [(source: String, target: String)]
    let purpose: String
    let ifCopied: String
    let ifKept: String
    let recommended: SecretDecision
    let why: String

    func advice(_ state: SecretAdvice.State) -> SecretAdvice {
      let names = keys.map(\.source)
      return SecretAdvice(
        id: names.joined(separator: "+"), keys: names, title: names.joined(separator: ", "), purpose: purpose,
        ifCopied: ifCopied, ifKept: ifKept, state: state, recommended: recommended, why: why)
    }
  }

  static func unknown(_ name: String, _ state: SecretAdvice.State) -> SecretAdvice {
    Entry(
      keys: [(name, name)], purpose: "This program does not know this secret.",
      ifCopied: "The new server uses the old server's value.", ifKept: "The new server goes on as it is.",
      recommended: .keep, why: "what is not known is never copied without you"
    ).advice(state)
  }

  static func entries(_ source: Brand, _ target: Brand, targetHostsOthers: Bool) -> [Entry] {
    [
      Entry(
        keys: [("camo_key", "camo_key")],
        purpose: "Signs the links to pictures from other web sites, which the server fetches for its users.",
        ifCopied: "Pictures in old messages go on being shown.",
        ifKept: "Linked pictures in all messages that were imported are broken.",
        recommended: targetHostsOthers ? .keep : .copy,
        why: targetHostsOthers
          ? "other organizations live on the new server: with another key the pictures in their messages would break"
          : "old messages hold links that were signed with it"),
      Entry(
        keys: [("avatar_salt", "avatar_salt")],
        purpose: "Part of the names of all avatar files.",
        ifCopied: "Every avatar on the new server is lost: the import has named the files with the new server's salt.",
        ifKept: "All avatars are shown.", recommended: .keep,
        why: "the import renames avatars for the new server; only a restore of a whole server needs the old salt"),
      Entry(
        keys: [
          (source.organizationIDSecret, target.organizationIDSecret),
          (source.organizationKeySecret, target.organizationKeySecret),
        ],
        purpose: "The server's identity at the service that sends notifications to phones.",
        ifCopied: "Notifications can reach the wrong people: users have new ids, the service knows the old ones.",
        ifKept: "The new server registers itself; phones work once their owners have signed in again.",
        recommended: .keep, why: "the import gives users new ids; then the server must register anew"),
      Entry(
        keys: [("secret_key", "secret_key")],
        purpose: "Signs sessions and confirmation links.",
        ifCopied: "Nothing is gained: sessions do not travel with an export.",
        ifKept: "Everyone signs in once on the new server, which they must do anyway.",
        recommended: .keep, why: "each server should have its own"),
      Entry(
        keys: [("rabbitmq_password", "rabbitmq_password")],
        purpose: "The server's password at its own message queue.",
        ifCopied: "The server cannot reach its queue until configure-rabbitmq has been run.",
        ifKept: "Nothing changes.", recommended: .keep, why: "it belongs to the machine, not to the organization"),
      Entry(
        keys: [("shared_secret", "shared_secret")],
        purpose: "Lets the parts of one server trust each other.",
        ifCopied: "The server must be restarted at once, all parts together.", ifKept: "Nothing changes.",
        recommended: .keep, why: "each server should have its own"),
      Entry(
        keys: [("postgres_password", "postgres_password")],
        purpose: "The server's password at its database.",
        ifCopied: "The new server cannot reach its database, unless both use the same one.",
        ifKept: "Nothing changes.", recommended: .keep, why: "each server has its own database"),
      Entry(
        keys: [("memcached_password", "memcached_password")],
        purpose: "The server's password at its cache.",
        ifCopied: "The new server cannot reach its cache until memcached is configured anew.",
        ifKept: "Nothing changes.", recommended: .keep, why: "it belongs to the machine"),
      Entry(
        keys: [("redis_password", "redis_password")],
        purpose: "The server's password at its store for rate limits.",
        ifCopied: "The new server cannot reach Redis until it is configured anew.", ifKept: "Nothing changes.",
        recommended: .keep, why: "it belongs to the machine"),
    ] + services.map(service)
  }

  /// Keys for services of others: who goes on using the service needs its key, wherever the server stands.
  private static let services: [(key: String, what: String)] = [
    ("email_password", "the mail server that sends the organization's mail"),
    ("email_gateway_password", "the mailbox that takes replies by mail"),
    ("auth_ldap_bind_password", "the directory that people sign in with (LDAP)"),
    ("social_auth_github_secret", "signing in with GitHub"),
    ("social_auth_gitlab_secret", "signing in with GitLab"),
    ("social_auth_google_secret", "signing in with Google"),
    ("social_auth_apple_secret", "signing in with Apple"),
    ("social_auth_azuread_oauth2_secret", "signing in with Microsoft"),
    ("social_auth_oidc_secret", "signing in with OpenID Connect"),
    ("social_auth_saml_private_key", "signing in with SAML"),
    ("video_zoom_client_secret", "calls with Zoom"),
    ("big_blue_button_secret", "calls with BigBlueButton"),
    ("giphy_api_key", "searching GIPHY"),
    ("s3_key", "the S3 storage of uploads"), ("s3_secret_key", "the S3 storage of uploads"),
  ]

  private static func service(_ service: (key: String, what: String)) -> Entry {
    Entry(
      keys: [(service.key, service.key)], purpose: "The key for \(service.what).",
      ifCopied: "The new server can use that service as the old one did.",
      ifKept: "The service does not work here until you enter a key.", recommended: .copy,
      why: "it belongs to the service, not to the machine; copy its settings too")
  }
}
