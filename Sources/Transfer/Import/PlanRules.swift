import Server

/// The limits that a server's plan sets for an organization imported into it.
struct PlanRules {
  let type: Int
  let invitations: Int?
  let visibleMessages: Int?
  let withoutSpectators: Bool

  private static let selfHosted = PlanRules(type: 1, invitations: nil, visibleMessages: nil, withoutSpectators: false)
  /// The free plan of the cloud.
  private static let limited = PlanRules(type: 2, invitations: 100, visibleMessages: 10_000, withoutSpectators: true)

  /// The authentication methods that the cloud allows without a paid plan.
  static let authenticationWithoutPlan: Set<String> = [
    "Dev", "Email", "LDAP", "RemoteUser", "GitHub", "GitLab", "Google", "Apple", "OpenID Connect",
  ]
}

extension PlanRules {
  /// The plan of an organization imported into a server with this model.
  init(of model: DataModel) { self = model.hasBilling ? Self.limited : Self.selfHosted }
}
