import Common
import Synchronization

@testable import Administration
@testable import Engine
@testable import Operations
@testable import Server
@testable import Wizard

/// Two fake servers, for the flow of a move.
extension FakeEngine {
  static func move() -> FakeEngine {
    var state = State()
    state.organizations[2].activeUsers = 0
    state.findings = [
      Finding(.ok, "archive", "goes to /tmp/move.tar.gz"),
      Finding(.warning, "uploads", "3 files are missing on the disk", remedy: "look for them in an older backup"),
      Finding(.ok, "subdomain", "'harbour' is free"),
    ]
    state.advice = [secret("camo_key", .copy), secret("avatar_salt", .keep)]
    return FakeEngine(state)
  }

  static func secret(_ id: String, _ recommended: SettingDecision) -> SettingAdvice {
    SettingAdvice(
      id: "secrets.\(id)", file: .secrets, keys: [id], title: id, state: .different, sourceValue: nil, targetValue: nil,
      purpose: "What \(id) is for.", ifCopied: "What happens then.", ifKept: "What happens otherwise.",
      choices: [.copy, .keep], recommended: recommended, why: "it is better so", isKnown: true, followUps: [])
  }

  /// - Parameter runsJobs: whether operations are jobs, which outlive the wizard.
  func moveContext(target: String? = "/target", isTest: Bool = true, runsJobs: Bool = false) -> FlowContext {
    FlowContext(
      root: "/source", label: "source.example.com", target: target, isTest: isTest, engine: engine(runsJobs: runsJobs))
  }

  var moveQueries: MoveQueries { MoveQueries(advice: { _ in self.state.withLock { $0.advice } }) }

  /// Returns the flow of a move between these servers.
  func moveFlow(target: String? = "/target") -> Flow {
    .move(moveContext(target: target), moveQueries, archive: "/tmp/move.tar.gz")
  }

  /// Returns the decisions of the moves among recorded operations.
  func moves(_ operations: (State) -> [any Operation]) -> [MoveDecisions] {
    operations(state.withLock { $0 }).compactMap { ($0 as? MoveOperation)?.decisions }
  }

  /// The decisions of the move that was started last.
  var begunMove: MoveDecisions? { moves(\.begun).last }
}

/// The texts of a move.
enum FakeMove {
  /// Returns a plan that depends on the decisions, so that a test notices an outdated plan.
  static func plan(of decisions: MoveDecisions) -> Plan {
    var plan = plan
    if decisions.stopsTarget { plan.phases.insert(.init(id: "import.stop", title: "Stop the new server"), at: 0) }
    return plan
  }

  static let plan = Plan(
    title: "Move it",
    phases: [
      .init(id: "export.messages", title: "Export messages", amount: "12,480 messages", weight: 20),
      .init(id: "export.files", title: "Export files"),
      .init(id: "import.messages", title: "Import messages", weight: 48),
      .init(id: "import.commit", title: "Make it visible", weight: 18),
    ],
    leavesAlone: ["All data on the old server"],
    pointOfNoReturn: "until the organization is visible on the new server, everything can be taken back")

  static let summary = Summary(
    title: "It is moved",
    facts: [.init("Address", "https://harbour.target.example.com"), .init("Messages", "12,480")],
    warnings: ["3 files were missing"],
    nextSteps: [.init("Restart the new server:", command: "restart-server"), "Tell your users"])
}
