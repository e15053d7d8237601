import Common
import Postgres

/// The target of a redirect: an organization of this server, or another address.
package struct RedirectTarget {
  /// The address for display; cleaned.
  let address: String
  /// The organization of this server at that address; nil if there is none.
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

  /// Returns the subdomain of an address on this server, '' for the root domain; nil for an address of another server.
  package static func subdomain(of address: String, _ installation: Installation) -> String? {
    guard let own = installation.settings.text("EXTERNAL_HOST")?.lowercased(), !own.isEmpty else { return nil }
    var rest = Substring(address.lowercased())
    if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
    let host = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    if host == own { return "" }
    guard host.hasSuffix(".\(own)") else { return nil }
    let subdomain = String(host.dropLast(own.count + 1))
    return SubdomainRules.isWellFormed(subdomain, lengths: 1...63) ? subdomain : nil
  }

  /// For example "acme", quoted for a shell; nil if the organization is not on this server.
  var name: String? { organization.map { ServerScripts.quoted($0.subdomain) } }

  /// Returns a remedy that names the target: "… at its new subdomain: Acme (acme), -r acme", or the other server.
  func remedy(_ doing: String) -> String {
    guard let organization, let name else { return "\(doing) on the server that it has moved to: \(address)" }
    return "\(doing) at its new subdomain: \(organization.label), -r \(name)"
  }
}
