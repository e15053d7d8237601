import Common

/// The state of an organization on its server: computed here, from the facts of its row, for all commands and flows.
extension Organization {
  public enum State: Sendable, Equatable {
    /// The organization of the server's own bots.
    case `internal`
    case active
    /// Sign-in is disabled; all data is kept. With the date on which the server deletes the data, if one is planned.
    case deactivated(deletion: String?)
    /// Only the name is left: it has no users and no messages, and redirects visitors to another address. A change of
    /// the subdomain leaves one at the old name.
    case redirect(to: String)
    /// Deactivated with all data, and redirects visitors to another address: it was moved to another server.
    case moved(to: String)
    /// The names and addresses of its users, their messages and files were removed.
    case scrubbed
    /// A trial organization, which the server deletes on a date.
    case demo(deletion: String)
  }

  public var state: State {
    if isInternal { return .internal }
    if isDeactivated, let redirect { return isEmpty ? .redirect(to: redirect) : .moved(to: redirect) }
    if isScrubbed { return .scrubbed }
    if isDeactivated { return .deactivated(deletion: plannedDeletion) }
    return demoDeletion.map { .demo(deletion: $0) } ?? .active
  }
}

extension Organization.State {
  /// One word for scripts and narrow columns: "redirect".
  public var name: String {
    switch self {
    case .internal: "internal"
    case .active: "active"
    case .deactivated: "deactivated"
    case .redirect: "redirect"
    case .moved: "moved"
    case .scrubbed: "scrubbed"
    case .demo: "demo"
    }
  }

  /// A few words for lists: "redirect to https://lab.example.com".
  public var label: String {
    switch self {
    case .internal, .active, .scrubbed, .deactivated(nil): name
    case .deactivated(let day?): "deactivated, deleted on \(day)"
    case .redirect(let address): "redirect to \(address)"
    case .moved(let address): "deactivated, moved to \(address)"
    case .demo(let day): "demo, deleted on \(day)"
    }
  }

  /// The address of the redirect; nil without one.
  public var redirect: String? {
    switch self {
    case .redirect(let address), .moved(let address): address
    default: nil
    }
  }
}
