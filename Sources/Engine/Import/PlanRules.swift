/// What a server's plans mean for an organization that comes to it.
struct PlanRules {
  let type: Int
  let invitations: Int?
  let visibleMessages: Int?
  let withoutSpectators: Bool

  private static let selfHosted = PlanRules(type: 1, invitations: nil, visibleMessages: nil, withoutSpectators: false)
  /// The free plan of the cloud.
  private static let limited = PlanRules(type: 2, invitations: 100, visibleMessages: 10_000, withoutSpectators: true)

  /// Ways to sign in that the cloud allows without a paid plan.
  static let authenticationWithoutPlan: Set<String> = [
    "Dev", "Email", "LDAP", "RemoteUser", "GitHub", "GitLab", "Google", "Apple", "OpenID Connect",
  ]
}

extension PlanRules {
  /// The plan of an organization that comes to a server.
  init(of model: DataModel) { self = model.hasBilling ? Self.limited : Self.selfHosted }
}
