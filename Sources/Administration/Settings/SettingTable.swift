import Operations

/// The settings of settings.py and of the conf file, by subject. To support another one, add its name to a subject.
struct SettingTable {
  struct Entry {
    let purpose: String
    let ifCopied: String
    let ifKept: String
    let recommended: SettingDecision
    let why: String
    var followUps: [FollowUp] = [.restart]
    /// Whether lists can be joined.
    var mergeable = false
  }

  enum Subject: CaseIterable {
    case host, hosts, administrator, authenticationBackends, signIn, mailOut, mailIn, push, database, machine, storage
    case calls, policy, texts

    /// Names without the server's prefix; a trailing `*` matches all names with that beginning.
    var names: [String] {
      switch self {
      case .host: ["EXTERNAL_HOST"]
      case .hosts: ["ALLOWED_HOSTS", "REALM_HOSTS", "ROOT_SUBDOMAIN_ALIASES"]
      case .administrator: ["@_ADMINISTRATOR"]
      case .authenticationBackends: ["AUTHENTICATION_BACKENDS"]
      case .signIn:
        [
          "AUTH_LDAP_*", "LDAP_*", "SOCIAL_AUTH_*", "GOOGLE_OAUTH2_*", "SSO_*", "SCIM_CONFIG", "EXTERNAL_LOGIN_*",
          "TWO_FACTOR_*", "CUSTOM_HOME_NOT_LOGGED_IN", "SHIBBOLETH_*",
        ]
      case .mailOut:
        [
          "EMAIL_HOST", "EMAIL_HOST_USER", "EMAIL_PORT", "EMAIL_USE_*", "EMAIL_BACKEND", "DEFAULT_FROM_EMAIL",
          "NOREPLY_EMAIL_ADDRESS", "ADD_TOKENS_TO_NOREPLY_ADDRESS", "TOKENIZED_NOREPLY_EMAIL_ADDRESS",
          "PHYSICAL_ADDRESS", "INSTALLATION_NAME",
        ]
      case .mailIn: ["EMAIL_GATEWAY_*"]
      case .push: ["@_SERVICE_*", "@_SERVICES_*", "PUSH_NOTIFICATION_*", "SUBMIT_USAGE_STATISTICS"]
      case .database: ["REMOTE_POSTGRES_*"]
      case .machine:
        [
          "RABBITMQ_*", "MEMCACHED_*", "REDIS_*", "CAMO_URI", "TORNADO_*", "SENTRY_*", "NAGIOS_*",
          "USING_PGROONGA", "DEBUG", "LOGGING_*", "SECURE_PROXY_SSL_HEADER", "SESSION_COOKIE_*", "DEPLOY_*",
        ]
      case .storage: ["LOCAL_UPLOADS_DIR", "S3_*"]
      case .calls: ["JITSI_SERVER_URL", "BIG_BLUE_BUTTON_*", "VIDEO_ZOOM_*", "GIPHY_*"]
      case .policy:
        [
          "OPEN_REALM_CREATION", "PASSWORD_*", "SEND_LOGIN_EMAILS", "INLINE_*", "NAME_CHANGES_DISABLED",
          "AVATAR_CHANGES_DISABLED", "ENABLE_*", "INVITES_*", "ALLOW_*", "DEFAULT_*", "WEB_PUBLIC_STREAMS_ENABLED",
          "MAX_MESSAGE_LENGTH", "MAX_FILE_UPLOAD_SIZE", "MAX_AVATAR_FILE_SIZE_*", "RATE_LIMITING*",
          "OUTGOING_WEBHOOK_*", "ARCHIVED_DATA_VACUUMING_DELAY_DAYS",
        ]
      case .texts: ["TERMS_OF_SERVICE_*", "POLICIES_DIRECTORY", "ROOT_DOMAIN_LANDING_PAGE", "CUSTOM_LOGO_URL"]
      }
    }
  }

  let source: Brand
  let facts: MigrationFacts

  /// Returns the entry of a setting; nil if it is unknown.
  func entry(_ name: String) -> Entry? {
    guard let subject = Self.subject(name, source) else { return nil }
    switch subject {
    case .host: return host
    case .hosts: return hosts
    case .administrator:
      return own(
        "The contact for problems; shown on error pages.",
        "It belongs to the operator of the "
          + "server.")
    case .authenticationBackends: return backends
    case .signIn:
      return organization(
        "How people sign in.", missing: "People who signed in that way on the old server cannot sign in here.",
        why: "people should be able to sign in as they did; copy the matching secrets too")
    case .mailOut:
      return organization(
        "How the server sends mail.", missing: "Mail is sent by this server's own mail server, or not at all.",
        why: "the mail server knows the old settings; copy email_password too")
    case .mailIn:
      return organization(
        "How replies by mail and messages to channels by mail come in.",
        missing: "Mail to the organization's addresses does not arrive here.",
        why: "the mailbox belongs to the organization; copy email_gateway_password too")
    case .push: return push
    case .database: return database
    case .machine:
      return machine("Where this machine's own services are, and how they run.")
    case .storage: return storage
    case .calls:
      return organization(
        "Which services calls and pictures come from.", missing: "Those buttons are missing or lead elsewhere.",
        why: "people still use them; copy the matching secrets too")
    case .policy:
      return organization(
        "What people may do on this server, and how much of it.", missing: "This server's rules apply to all users.",
        why: "people expect the rules that they had")
    case .texts:
      return organization(
        "Texts and pages of the installation.", missing: "This server's own texts are shown.",
        why: "they belong to the operator of the organization; copy the files that they name too")
    }
  }

  private static func subject(_ name: String, _ brand: Brand) -> Subject? {
    Subject.allCases.first { subject in
      subject.names.contains { pattern in
        let pattern = pattern.replacing("@", with: brand.rawValue.uppercased())
        return pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
      }
    }
  }

  // MARK: Subjects

  private var host: Entry {
    let replaces = facts.replacesSource
    return Entry(
      purpose: "The name that people type to reach the server; all links carry it.",
      ifCopied: replaces
        ? "People keep using the known address, once its DNS entry points here."
        : "Two servers use one host name; people reach the one that the DNS entry names.",
      ifKept: replaces
        ? "Under the old address the server answers \"bad request\" only; links in old messages lead nowhere."
        : "The server answers to its own name, as it does now.",
      recommended: replaces ? .copy : .keep,
      why: replaces ? "this server takes the old one's place" : "the old server stays where it is",
      followUps: facts.pushRegistered && !facts.keepsUserIDs
        ? [.hostname, .reregister, .restart] : [.hostname, .restart])
  }

  private var hosts: Entry {
    Entry(
      purpose: "Further names that the server answers to.",
      ifCopied: "The server answers to the old server's further names, and no longer to those of its own.",
      ifKept: "Under the old server's further names it answers \"bad request\".",
      recommended: facts.replacesSource ? .merge : .keep,
      why: facts.replacesSource
        ? "names of the old server should point here, and this server's own must keep working"
        : "the old server stays where it is", followUps: [.hostname, .restart], mergeable: true)
  }

  private var backends: Entry {
    Entry(
      purpose: "The ways to sign in that this server offers at all.",
      ifCopied: "The same methods as on the old server; other methods of this server are removed.",
      ifKept: "People who used a sign-in method that this server does not offer cannot sign in.",
      recommended: facts.targetHostsOthers ? .merge : .copy,
      why: facts.targetHostsOthers
        ? "other organizations are on this server and need their methods"
        : "people should be able to sign in as they did", mergeable: true)
  }

  private var push: Entry {
    let fits = facts.keepsUserIDs && facts.replacesSource
    return Entry(
      purpose: "Whether the server uses the service that sends notifications to phones.",
      ifCopied: fits
        ? "Together with the server's identity: phones still receive notifications."
        : "The server uses the service once it is registered under an identity of its own.",
      ifKept: "Notifications are sent or not as this server is set up.",
      recommended: facts.pushRegistered ? .copy : .keep,
      why: facts.pushRegistered ? "people had notifications on their phones" : "the old server was not registered",
      followUps: fits ? [.restart] : [.reregister, .restart])
  }

  private var database: Entry {
    Entry(
      purpose: "Where the database is.",
      ifCopied: "The server uses the old server's database; while the old one runs, both write into it.",
      ifKept: "Nothing changes.", recommended: .keep,
      why: "the imported data is in the database that this server uses")
  }

  private var storage: Entry {
    Entry(
      purpose: "Where uploaded files are kept.",
      ifCopied: facts.kind == .restore
        ? "Files are looked for where the old server kept them." : "Files that were imported are not found any more.",
      ifKept: facts.kind == .restore
        ? "Files are looked for where this server keeps its own." : "All files are found.",
      recommended: facts.kind == .restore && facts.replacesSource ? .copy : .keep,
      why: facts.kind == .restore
        ? "a restored server's files are where its settings say"
        : "the import put all files where this server keeps its own")
  }

  private func machine(_ purpose: String) -> Entry {
    Entry(
      purpose: purpose, ifCopied: "The server looks for its services where the old one had them.",
      ifKept: "Nothing changes.", recommended: .keep, why: "it describes this machine, not the organization")
  }

  private func own(_ purpose: String, _ why: String) -> Entry {
    Entry(
      purpose: purpose, ifCopied: "This server gets the old server's value.", ifKept: "Nothing changes.",
      recommended: facts.replacesSource && !facts.targetHostsOthers ? .copy : .keep,
      why: facts.replacesSource && !facts.targetHostsOthers
        ? "this server takes the old one's place" : why.prefix(1).lowercased() + why.dropFirst().dropLast())
  }

  private func organization(_ purpose: String, missing: String, why: String) -> Entry {
    Entry(
      purpose: purpose, ifCopied: "This server gets the old server's value.", ifKept: missing,
      recommended: facts.targetHostsOthers ? .keep : .copy,
      why: facts.targetHostsOthers ? "it would change this server for the other organizations too" : why)
  }

  // MARK: The conf file

  func configurationEntry(_ section: String, _ key: String) -> Entry? {
    let purpose: String? =
      switch (section, key) {
      case ("machine", "puppet_classes"): "Which parts of the server this machine runs."
      case ("machine", "deploy_type"): "Whether this is a production server."
      case ("machine", _): "What this machine is."
      case ("postgresql", _): "The database's name, role, version, and how it runs and is backed up."
      case ("application_server", _): "How the web server and the workers of this machine run."
      case ("loadbalancer", _), ("proxy", _), ("http_proxy", _):
        "Proxies and load balancers in front of this "
          + "machine."
      case ("memcached", _), ("rabbitmq", _), ("redis", _): "How this machine's own services run."
      case ("certbot", _): "Whether this machine renews its own certificate."
      case ("deployment", _): "Where the server's software comes from."
      case ("smokescreen", _), ("sentry", _), ("katex_server", _): "Helpers that run on this machine."
      default: nil
      }
    guard let purpose else { return nil }
    return Entry(
      purpose: purpose, ifCopied: "This machine is set up as the old one was.", ifKept: "Nothing changes.",
      recommended: .keep, why: "it describes this machine, not the organization",
      followUps: section == "postgresql" ? [.restart] : [.applyConfiguration, .restart])
  }
}
