/// Under which name a sandbox's server goes. Both have the same tables and scripts.
public enum SandboxBrand: String, Sendable, CaseIterable {
  case aloha
  case zulip

  /// The name of the role, the schema, the folders, and the prefix of files and settings.
  public var name: String { rawValue }
  /// As it is written in a sentence.
  public var title: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
  /// The prefix of constants in settings.py and version.py.
  public var constant: String { rawValue.uppercased() }
  /// The subdomain of the organization that belongs to the server itself.
  public var internalOrganization: String { "\(rawValue)internal" }
  /// Where the server's own bots have their addresses.
  public var botDomain: String { "\(rawValue).com" }

  /// A text of the resources with the brand's names in place.
  func applied(to text: String) -> String {
    text.replacing("@brand@", with: name).replacing("@Brand@", with: title).replacing("@BRAND@", with: constant)
  }
}
