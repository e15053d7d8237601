import Common
import Operations
import Postgres

/// The server's rules for the subdomains of organizations.
package enum SubdomainRules {
  /// The names that servers reserve.
  private static let reserved: Set<String> = [
    "about", "abuse", "account", "admin", "administrator", "api", "app", "auth", "billing", "blog", "chat", "community",
    "contact", "dashboard", "devops", "docs", "download", "email", "files", "forum", "help", "info", "login", "mail",
    "my", "news", "password", "payment", "plans", "postmaster", "press", "pricing", "privacy", "proxy", "realm",
    "register", "root", "security", "server", "sales", "secure", "settings", "signup", "smtp", "ssl", "staging",
    "static", "status", "subdomain", "support", "team", "terms", "test", "webmail", "webmaster", "www",
  ]

  package static func isReserved(_ name: String, brand: Brand) -> Bool {
    reserved.contains(name) || name == brand.rawValue || name == brand.internalSubdomain
  }

  /// Returns whether a name has the form of a subdomain: lowercase letters, digits, and inner hyphens.
  ///
  /// - Parameter lengths: in characters. The server requires at least three if a user chooses a name.
  package static func isWellFormed(_ name: String, lengths: ClosedRange<Int> = 3...40) -> Bool {
    let allowed = name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    return allowed && name.first != "-" && name.last != "-" && lengths.contains(name.utf8.count)
  }

  /// - Returns: empty if the name is free and allowed.
  package static func obstacles(
    _ name: String, _ installation: Installation, allowsReserved: Bool, lengths: ClosedRange<Int> = 3...40,
    _ connection: Connection
  ) throws -> [Finding] {
    let shown = name.isEmpty ? "the root domain" : "'\(SafeText.clean(name, limit: .word))'"
    func blocked(_ reason: String, _ remedy: String) -> [Finding] {
      [Finding(.blocker, "subdomain", "\(shown) \(reason)", remedy: remedy)]
    }
    guard name.isEmpty || isWellFormed(name, lengths: lengths) else {
      return blocked(
        "cannot be one: small letters a–z, digits and dashes inside, "
          + (lengths.lowerBound > 1
            ? "\(lengths.lowerBound) to \(lengths.upperBound)" : "at most \(lengths.upperBound)"),
        "choose another subdomain")
    }
    if let held = try holder(name, installation, connection) { return [held] }
    return isReserved(name, brand: installation.brand) && !allowsReserved
      ? blocked("is reserved", "choose another one, or allow it with --allow-reserved-subdomain") : []
  }

  /// Returns what uses a name on this server, as a blocker; nil if it is free.
  package static func holder(_ name: String, _ installation: Installation, _ connection: Connection) throws -> Finding?
  {
    guard try connection.value("SELECT 1 FROM zerver_realm WHERE string_id = $1", [name]) != nil else { return nil }
    let organization = try Organization.find(name, connection, brand: installation.brand)
    let shown = name.isEmpty ? "the root domain" : "'\(SafeText.clean(name, limit: .word))'"
    let delete = installation.command(["organization", "delete", "-r", name])
    switch organization.state {
    case .redirect(let address):
      let target = try RedirectTarget(address, installation, connection)
      let here = target.organization.map { ", the organization \($0.label) of this server" } ?? ""
      return Finding(
        .blocker, "subdomain", "\(shown) is held by a redirect to \(address)\(here)",
        remedy:
          "choose another subdomain; or delete the redirect, which frees the name (\(delete)): the old address then "
          + "no longer sends people on", id: .exists)
    case .moved(let address):
      return Finding(
        .blocker, "subdomain", "\(shown) is in use by a deactivated organization that redirects to \(address)",
        remedy: "choose another subdomain, or delete that organization first if it is no longer needed: \(delete)",
        id: .exists)
    case .deactivated, .scrubbed:
      return Finding(
        .blocker, "subdomain", "\(shown) is in use by an organization that is \(organization.state.label)",
        remedy: "choose another subdomain, or delete that organization first if it is no longer needed: \(delete)",
        id: .exists)
    case .internal, .active, .demo:
      return Finding(
        .blocker, "subdomain", "\(shown) is in use on this server",
        remedy: "choose another subdomain, or delete that organization first if it was a test", id: .exists)
    }
  }
}
