/// A goal of the operator, as data: its steps. Renderers do not know particular flows, and flows do not know renderers.
struct Flow: Sendable {
  /// A short, stable id: "move".
  let id: String
  /// For example "Move an organization".
  let title: String
  let steps: [Step]
  /// The servers of the flow, for the header; completed as answers are given.
  let route: @Sendable (Answers) -> Route
  /// The badge until the servers are known from answers, see ``badge(_:)``.
  private let badge: Badge
  private let answeredBadge: @Sendable (Answers) -> Badge?
  /// The equivalent commands.
  let commands: @Sendable (Answers) -> [String]
  /// The offers after the result, the most useful first. Leaving is always possible.
  let continuations: @Sendable (Answers) -> [Continuation]
  /// Whether its answers are kept when it is left before its operation starts.
  let keepsDrafts: Bool

  init(
    id: String, title: String, badge: Badge, answeredBadge: @escaping @Sendable (Answers) -> Badge? = { _ in nil },
    route: @escaping @Sendable (Answers) -> Route = { _ in Route() },
    commands: @escaping @Sendable (Answers) -> [String] = { _ in [] },
    continuations: @escaping @Sendable (Answers) -> [Continuation] = { _ in [] }, keepsDrafts: Bool? = nil,
    steps: [Step]
  ) {
    self.id = id
    self.title = title
    self.badge = badge
    self.answeredBadge = answeredBadge
    self.route = route
    self.commands = commands
    self.continuations = continuations
    self.keepsDrafts = keepsDrafts ?? steps.contains { if case .run = $0.kind { true } else { false } }
    self.steps = steps
  }

  /// Returns the kind of the servers that the answers name.
  func badge(_ answers: Answers) -> Badge { answeredBadge(answers) ?? badge }

  struct Route: Sendable, Equatable {
    var from: String?
    var to: String?
  }

  /// The kind of server.
  enum Badge: String, Sendable {
    case production = "PRODUCTION"
    case test = "TEST"
    case restore = "RESTORE"
  }
}

/// Where a flow leads: after a branch, a result, or an early exit.
enum Destination: Sendable, Equatable {
  /// Another flow, by its id. Given answers are preset: steps that need nothing else are skipped.
  case flow(String, given: [String: Answer] = [:])
  /// A flow that was left earlier.
  case draft(Draft)
  case menu
  /// The result whose next step has led here.
  case checklist
  case leave

  /// The id of the flow; nil if it is none, or one that was left.
  var flow: String? {
    if case .flow(let id, _) = self { id } else { nil }
  }
}

/// An offer after a result.
struct Continuation: Sendable, Equatable {
  /// A verb: "Import it again".
  let title: String
  let destination: Destination
  /// Whether Enter selects it; otherwise Enter leaves the wizard.
  let isProposed: Bool

  init(_ title: String, _ destination: Destination, proposed: Bool = true) {
    self.title = title
    self.destination = destination
    isProposed = proposed
  }
}
