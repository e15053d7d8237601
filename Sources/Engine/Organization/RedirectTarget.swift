import Common
import Postgres

/// Where a redirect leads: an organization of this very server, or another place.
struct RedirectTarget {
  /// As it is shown; cleaned.
  let address: String
  /// The organization of this server at that address; nil where there is none.
  let organization: Organization?

  init(_ address: String, _ installation: Installation, _ connection: Connection) throws {
    self.address = address
    organization = try Self.subdomain(of: address, installation).flatMap { subdomain in
      do {
        return try Organization.find(subdomain, connection, brand: installation.brand)
      } catch let failure as PlainFailure where failure.family == .notFound {
        return nil
      }
    }
  }

  /// The subdomain of an address on this server, '' for the root domain; nil where it is another server's.
  static func subdomain(of address: String, _ installation: Installation) -> String? {
    guard let own = installation.settings.text("EXTERNAL_HOST")?.lowercased(), !own.isEmpty else { return nil }
    var rest = Substring(address.lowercased())
    if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
    let host = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    if host == own { return "" }
    guard host.hasSuffix(".\(own)") else { return nil }
    let subdomain = String(host.dropLast(own.count + 1))
    return SubdomainRules.isWellFormed(subdomain, lengths: 1...63) ? subdomain : nil
  }

  /// "acme", quoted for a shell; nil where the organization is not on this server.
  var name: String? { organization.map { ServerScripts.quoted($0.subdomain) } }

  /// Names the organization itself, as a remedy: "use the organization itself: -r acme".
  func remedy(_ doing: String) -> String {
    guard let organization, let name else { return "\(doing) on the server that it has moved to: \(address)" }
    return "\(doing) at its new subdomain: \(organization.label), -r \(name)"
  }
}
