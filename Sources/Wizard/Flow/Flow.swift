import Engine

/// One goal of the operator, as data: the steps that lead to it. No renderer knows any particular flow, and a flow knows
/// no renderer.
struct Flow: Sendable {
  /// Short and stable: "move".
  let id: String
  /// "Move an organization".
  let title: String
  let steps: [Step]
  /// What works on what, for the header; known bit by bit as the answers come in.
  let route: @Sendable (Answers) -> Route
  let badge: Badge
  /// The same as a script would do it: command lines, ready to be copied.
  let commands: @Sendable (Answers) -> [String]
  /// What may come after it, offered with its result; the most useful first. Leaving is always possible.
  let onward: @Sendable (Answers) -> [Continuation]

  init(
    id: String, title: String, badge: Badge, route: @escaping @Sendable (Answers) -> Route = { _ in Route() },
    commands: @escaping @Sendable (Answers) -> [String] = { _ in [] },
    onward: @escaping @Sendable (Answers) -> [Continuation] = { _ in [] }, steps: [Step]
  ) {
    self.id = id
    self.title = title
    self.badge = badge
    self.route = route
    self.commands = commands
    self.onward = onward
    self.steps = steps
  }

  struct Route: Sendable, Equatable {
    var from: String?
    var to: String?
  }

  /// Which kind of server is worked on.
  enum Badge: String, Sendable {
    case production = "PRODUCTION"
    case test = "TEST"
    case restore = "RESTORE"
  }
}

/// Where the way leads from a crossroads, or from a result.
enum Onward: Sendable, Equatable {
  /// Another flow, by its id. What is given is answered already: steps that ask nothing else are passed by.
  case flow(String, given: [String: Answer] = [:])
  case menu
  case leave
}

/// A way on that is offered with a result.
struct Continuation: Sendable, Equatable {
  /// A verb: "Import it again".
  let title: String
  let onward: Onward
  /// Whether it is what most want next: then Enter leads there, and else out of the wizard.
  let isProposed: Bool

  init(_ title: String, _ onward: Onward, proposed: Bool = true) {
    self.title = title
    self.onward = onward
    isProposed = proposed
  }
}
