import Operations

/// The server's secrets, one entry each. To support another one, add an entry.
struct SecretTable {
  struct Entry {
    /// The key on the old and on the new server: some contain the server's name.
    let keys: [(source: String, target: String)]
    let purpose: String
    let ifCopied: String
    let ifKept: String
    let recommended: SettingDecision
    let why: String
    var followUps: [FollowUp] = [.restart]
  }

  static func unknown(_ name: String) -> Entry {
    Entry(
      keys: [(name, name)], purpose: "This program does not know this secret.",
      ifCopied: "This server uses the old server's value.", ifKept: "This server keeps its own value.",
      recommended: .keep, why: "unknown settings are copied only by your decision")
  }

  let source: Brand
  let target: Brand
  let facts: MigrationFacts

  var entries: [Entry] {
    [avatarSalt, identity, camoKey, secretKey, sharedSecret, queue, database, cache, limits] + services.map(service)
  }

  private var isRestore: Bool { facts.kind == .restore }

  private func entry(
    _ key: String, _ purpose: String, copied: String, kept: String, _ recommended: SettingDecision, _ why: String,
    _ followUps: [FollowUp] = [.restart]
  ) -> Entry {
    Entry(
      keys: [(key, key)], purpose: purpose, ifCopied: copied, ifKept: kept, recommended: recommended, why: why,
      followUps: followUps)
  }

  private var avatarSalt: Entry {
    let purpose = "Part of the names of all avatar files."
    if isRestore {
      return entry(
        "avatar_salt", purpose, copied: "All avatars are shown.",
        kept: "Every avatar is lost: the files in the backup have names that were made with the old salt.", .copy,
        "a restore brings the files back under their old names; without the salt the server cannot find them")
    }
    return entry(
      "avatar_salt", purpose,
      copied: "Every avatar here is lost, because the import named the files with this server's salt; and browsers "
        + "may show a wrong person's picture, cached under the old ids.",
      kept: "All avatars are shown.", .keep,
      "the import renames avatars for this server; only a restore of a whole server needs the old salt")
  }

  private var identity: Entry {
    let keys = [
      (source.organizationIDSecret, target.organizationIDSecret),
      (source.organizationKeySecret, target.organizationKeySecret),
    ]
    let purpose =
      "The server's identity at the service that sends notifications to phones. Both belong together: "
      + "one without the other is no identity."
    let fresh = "This server registers itself; phones work once their owners have signed in again."
    if !facts.keepsUserIDs {
      let reason =
        facts.kind == .import ? "the import gives people new identities" : "people have new ids here"
      return Entry(
        keys: keys, purpose: purpose,
        ifCopied: "Notifications can reach the wrong people: the service knows phones by the old ids of their owners.",
        ifKept: fresh, recommended: .keep, why: "\(reason); then the server must register again", followUps: [.restart])
    }
    if !facts.replacesSource {
      return Entry(
        keys: keys, purpose: purpose,
        ifCopied: "Two servers share one identity; the service mixes up their phones and their counts.", ifKept: fresh,
        recommended: .keep, why: "the old server keeps running, and needs its identity itself", followUps: [.restart])
    }
    return Entry(
      keys: keys, purpose: purpose,
      ifCopied: facts.pushRegistered
        ? "Phones still receive notifications; no action is needed."
        : "The identity stays the same, in case the server is registered later.",
      ifKept: facts.pushRegistered
        ? "Phones get no notifications; the old registration holds the host name, so that a new one needs it "
          + "transferred or help from the service's support."
        : "Nothing changes: the old server was not registered.",
      recommended: .copy, why: "people keep their ids and this server takes the old one's place",
      followUps: facts.hasSameHost ? [.restart] : [.restart, .reregister])
  }

  private var camoKey: Entry {
    let foreign = facts.targetHostsOthers
    return entry(
      "camo_key", "Signs the links to pictures of other web sites, which the server fetches for its users.",
      copied: foreign
        ? "Linked pictures in the new messages work; those in messages of the other organizations on this server "
          + "break."
        : "Pictures in old messages are still shown.",
      kept: "Linked pictures in all messages that came from the old server are broken.", foreign ? .keep : .copy,
      foreign
        ? "other organizations are on this server, whose messages contain links signed with this server's key"
        : "old messages hold links that were signed with it", [.applyConfiguration, .restart])
  }

  private var secretKey: Entry {
    let purpose = "Signs sessions, and links in mail: confirmations, invitations, password resets."
    if isRestore && facts.replacesSource {
      return entry(
        "secret_key", purpose, copied: "People stay signed in, and links in sent mail keep working.",
        kept: "All users must sign in again; invitations and other links in mail are invalid.", .copy,
        "the sessions in the backup are valid only with this key")
    }
    return entry(
      "secret_key", purpose, copied: "Nothing is gained: an export contains no sessions, and links are invalid.",
      kept: "All users have to sign in once, which is required here anyway.", .keep,
      isRestore
        ? "the old server keeps running: with the same key a session of one would be valid on the other"
        : "each server should have its own")
  }

  private var sharedSecret: Entry {
    entry(
      "shared_secret", "Lets the parts of one server trust each other.",
      copied: "All parts must be restarted together; until then they refuse each other.", kept: "Nothing changes.",
      .keep, "nothing outside this machine knows it; each server should have its own", [.applyConfiguration, .restart])
  }

  private var queue: Entry {
    let local = facts.queueIsLocal
    return entry(
      "rabbitmq_password", "The server's password at its message queue.",
      copied: local
        ? "The server cannot reach its queue until configure-rabbitmq has been run, as root."
        : "The server can reach the queue if the other host has the same password.",
      kept: local ? "Nothing changes." : "Correct if the queue's host has this server's password.", .keep,
      local
        ? "the queue runs on this machine and has this machine's password"
        : "the queue is on another host: the password that is set there is required",
      local ? [.configureQueue, .restart] : [.restart])
  }

  private var database: Entry {
    let shared = facts.sharesDatabase
    return entry(
      "postgres_password", "The server's password at its database.",
      copied: shared
        ? "The server reaches the database that both use."
        : "The server cannot reach its database until its role has that password there.",
      kept: shared ? "The server cannot reach the database, where its role has the old password." : "Nothing changes.",
      shared ? .copy : .keep,
      shared ? "both servers use the same database" : "it belongs to the database that this server uses",
      shared ? [.restart] : [.databasePassword, .restart])
  }

  private var cache: Entry {
    entry(
      "memcached_password", "The server's password at its cache.",
      copied: "The server cannot reach its cache until the machine's configuration is applied again.",
      kept: "Nothing changes.", .keep, "it belongs to the machine; no imported data depends on it",
      [.applyConfiguration, .restart])
  }

  private var limits: Entry {
    entry(
      "redis_password", "The server's password at Redis, which counts for rate limits and keeps short-lived data.",
      copied: "The server cannot reach Redis until the machine's configuration is applied again.",
      kept: "Nothing changes.", .keep, "it belongs to the machine; no imported data depends on it",
      [.applyConfiguration, .restart])
  }

  // MARK: Services of others

  private struct Service {
    let key: String
    let what: String
    let missing: String
    var isStorage = false
  }

  /// A service in use needs its key, wherever the server runs.
  private var services: [Service] {
    [
      Service(
        key: "email_password", what: "the mail server that sends the organization's mail",
        missing: "The server cannot send mail: no invitations, no password resets."),
      Service(
        key: "email_gateway_password", what: "the mailbox that takes replies by mail",
        missing: "Replies by mail are not fetched."),
      Service(
        key: "auth_ldap_bind_password", what: "the directory that people sign in with (LDAP)",
        missing: "No one can sign in with the directory."),
      Service(
        key: "social_auth_github_secret", what: "signing in with GitHub", missing: "Signing in with GitHub fails."),
      Service(
        key: "social_auth_gitlab_secret", what: "signing in with GitLab", missing: "Signing in with GitLab fails."),
      Service(
        key: "social_auth_google_secret", what: "signing in with Google", missing: "Signing in with Google fails."),
      Service(key: "social_auth_apple_secret", what: "signing in with Apple", missing: "Signing in with Apple fails."),
      Service(
        key: "social_auth_azuread_secret", what: "signing in with Microsoft",
        missing: "Signing in with Microsoft fails."),
      Service(
        key: "social_auth_azuread_oauth2_secret", what: "signing in with Microsoft",
        missing: "Signing in with Microsoft fails."),
      Service(
        key: "social_auth_oidc_secret", what: "signing in with OpenID Connect",
        missing: "Signing in with OpenID Connect fails."),
      Service(
        key: "social_auth_saml_private_key", what: "signing in with SAML", missing: "Signing in with SAML fails."),
      Service(key: "video_zoom_client_secret", what: "calls with Zoom", missing: "Calls with Zoom cannot be started."),
      Service(
        key: "big_blue_button_secret", what: "calls with BigBlueButton",
        missing: "Calls with BigBlueButton cannot be started."),
      Service(key: "giphy_api_key", what: "searching GIPHY", missing: "People cannot search GIPHY."),
      Service(
        key: "s3_key", what: "the S3 storage of uploads", missing: "Files in S3 cannot be read.", isStorage: true),
      Service(
        key: "s3_secret_key", what: "the S3 storage of uploads", missing: "Files in S3 cannot be read.",
        isStorage: true),
    ]
  }

  private func service(_ service: Service) -> Entry {
    // An import stores files where this server keeps them; a restored server's files are where they were.
    let isOwn = service.isStorage && !isRestore || facts.targetHostsOthers
    let why =
      if service.isStorage && !isRestore {
        "the import put all files where this server keeps its own"
      } else if facts.targetHostsOthers {
        "the other organizations on this server use its present value"
      } else {
        "it belongs to the service, not to the machine; copy its settings in settings.py too"
      }
    return entry(
      service.key, "The key for \(service.what).", copied: "This server can use that service as the old one did.",
      kept: "Unless this server has a key of its own: \(service.missing)", isOwn ? .keep : .copy, why)
  }
}
