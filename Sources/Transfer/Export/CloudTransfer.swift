import Common
import Operations
import Server

/// An export made for the cloud: the staff who import it there need additional facts.
public struct CloudTransfer: Sendable, Codable, Equatable {
  /// The subdomain that the organization gets in the cloud.
  public var subdomain: String

  public init(subdomain: String) {
    self.subdomain = subdomain
  }

  /// Returns why a subdomain cannot be used in the cloud; nil if it can. Only the cloud knows whether it is in use.
  public static func objection(to subdomain: String) -> String? {
    if subdomain.isEmpty { return "In the cloud every organization has a subdomain" }
    guard SubdomainRules.isWellFormed(subdomain) else {
      return "It takes 3 to 40 small letters a-z, digits, and dashes inside"
    }
    return Brand.allCases.contains { SubdomainRules.isReserved(subdomain, brand: $0) }
      ? "The cloud keeps this name for itself" : nil
  }

  /// Checks the server's version: the cloud runs the development version, and its importer accepts exports of that
  /// version only.
  func check(_ version: ServerVersion, _ installation: Installation) -> Finding {
    let command = Self.upgrade(installation.brand, deployment: installation.deploymentFolder)
    guard let name = version.name else {
      return Finding(
        .warning, "cloud", "it is not known whether this server has the cloud's version",
        remedy: "bring the server to it first: \(command)")
    }
    guard name.contains("-dev") || name.contains("+git") else {
      return Finding(
        .warning, "cloud",
        "this server runs release \(name); the cloud runs a development version that is newer than every release, "
          + "and imports only archives of that version",
        remedy: "for a rehearsal go on; before the final export: \(command)")
    }
    return Finding(
      .ok, "cloud",
      "\(name) is a development version, as the cloud's; the cloud's support tells whether it is the "
        + "same")
  }

  /// Returns the command that upgrades the server to the cloud's version.
  public static func upgrade(_ brand: Brand, deployment: String? = nil) -> String {
    "\(deployment ?? brand.deploymentFolder)/scripts/upgrade-\(brand.rawValue)-from-git main"
  }

  /// Returns the remaining steps, and the facts to send to the staff who import it.
  ///
  /// - Parameter digest: SHA-256 of the whole file, in hexadecimal.
  func nextSteps(archive: String, digest: String, organization: Organization, version: ServerVersion) -> [Summary.Step]
  {
    [
      "Ask the cloud's support where to bring the archive; it holds private messages: never send it by mail",
      Summary.Step(
        "Tell them: the subdomain '\(subdomain)', the server's version \(version.label), "
          + "\(Amount.of(Int64(organization.activeUsers), "user")), \(organization.messageAmount)"),
      Summary.Step("And the SHA-256 checksum, so that they can verify the file:", command: digest),
      "Keep the old organization until you have seen the new one; then tell your users the new address",
      "In the cloud all users choose a new password, or sign in by other means; bots need new API keys",
    ]
  }
}
