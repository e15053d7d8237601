import Common
import Postgres

/// Which subdomains an organization can have, as the server sees it.
enum SubdomainRules {
  /// Names that servers keep for themselves.
  private static let reserved: Set<String> = [
    "about", "abuse", "account", "admin", "administrator", "api", "app", "auth", "billing", "blog", "chat", "community",
    "contact", "dashboard", "devops", "docs", "download", "email", "files", "forum", "help", "info", "login", "mail",
    "my", "news", "password", "payment", "plans", "postmaster", "press", "pricing", "privacy", "proxy", "realm",
    "register", "root", "security", "server", "sales", "secure", "settings", "signup", "smtp", "ssl", "staging",
    "static", "status", "subdomain", "support", "team", "terms", "test", "webmail", "webmaster", "www",
  ]

  static func isReserved(_ name: String, brand: Brand) -> Bool {
    reserved.contains(name) || name == brand.rawValue || name == brand.internalSubdomain
  }

  /// Whether a name has the form of a subdomain: small letters, digits, and dashes inside.
  ///
  /// - Parameter lengths: in characters. The server asks for three at least where people choose a name.
  static func isWellFormed(_ name: String, lengths: ClosedRange<Int> = 3...40) -> Bool {
    let allowed = name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    return allowed && name.first != "-" && name.last != "-" && lengths.contains(name.utf8.count)
  }

  /// - Returns: nothing where the name is free and allowed.
  static func obstacles(
    _ name: String, brand: Brand, allowsReserved: Bool, _ connection: Connection
  ) throws -> [Finding] {
    let shown = name.isEmpty ? "the root domain" : "'\(SafeText.clean(name, limit: 60))'"
    func blocked(_ reason: String, _ remedy: String) -> [Finding] {
      [Finding(.blocker, "subdomain", "\(shown) \(reason)", remedy: remedy)]
    }
    guard name.isEmpty || isWellFormed(name) else {
      return blocked(
        "cannot be one: small letters a–z, digits and dashes inside, three to forty of them", "choose another subdomain"
      )
    }
    if let other = try connection.query(
      "SELECT deactivated, coalesce(deactivated_redirect, '') <> '' FROM zerver_realm WHERE string_id = $1", [name]
    ).first {
      return other.bool(0) && other.bool(1)
        ? blocked("only redirects to a moved organization, and is kept for that", "choose another subdomain")
        : blocked("is in use on this server", "choose another subdomain")
    }
    return isReserved(name, brand: brand) && !allowsReserved
      ? blocked("is reserved", "choose another one, or allow it on purpose") : []
  }
}
