import Common
import Synchronization

@testable import Administration
@testable import Engine
@testable import Operations
@testable import Server
@testable import Wizard

/// Servers that are not there: what the flow wants of the engine, answered at once.
final class FakeServers: Sendable {
  struct State: Sendable {
    var organizations = [
      Organization(
        id: 1, subdomain: "alohainternal", name: "System bots", isDeactivated: false, activeUsers: 5, messages: 0,
        isInternal: true),
      Organization(
        id: 2, subdomain: "harbour", name: "Harbour Café 港", isDeactivated: false, activeUsers: 24, messages: 12_480,
        isInternal: false),
      Organization(
        id: 3, subdomain: "", name: "Book club", isDeactivated: true, activeUsers: 0, messages: 310,
        isInternal: false),
    ]
    var glanceFailure: PlainFailure?
    var findings = [
      Finding(.ok, "archive", "goes to /tmp/move.tar.gz"),
      Finding(.warning, "uploads", "3 files are missing on the disk", remedy: "look for them in an older backup"),
      Finding(.ok, "subdomain", "'harbour' is free"),
    ]
    var advice = [
      FakeServers.secret("camo_key", .copy), FakeServers.secret("avatar_salt", .keep),
    ]
    var glances: [String] = []
    var checks = 0
    /// What was checked and planned, in their order.
    var checked: [MoveDecisions] = []
    var planned: [MoveDecisions] = []
    var operations: [MoveDecisions] = []
  }

  let state = Mutex(State())

  static func secret(_ id: String, _ recommended: SettingDecision) -> SettingAdvice {
    SettingAdvice(
      id: "secrets.\(id)", file: .secrets, keys: [id], title: id, state: .different, sourceValue: nil, targetValue: nil,
      purpose: "What \(id) is for.", ifCopied: "What happens then.", ifKept: "What happens otherwise.",
      choices: [.copy, .keep], recommended: recommended, why: "it is better so", isKnown: true, followUps: [])
  }

  func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

  /// - Parameter runsJobs: whether work is said to outlive the wizard.
  func context(target: String? = "/target", isTest: Bool = true, runsJobs: Bool = false) -> FlowContext {
    FlowContext(
      root: "/source", label: "source.example.com", target: target, isTest: isTest, engine: engine(runsJobs: runsJobs))
  }

  var queries: MoveQueries { MoveQueries(advice: { _ in self.state.withLock { $0.advice } }) }

  private func engine(runsJobs: Bool) -> FlowEngine {
    FlowEngine(
      overview: { root, _ in
        try self.state.withLock { state in
          state.glances.append(root)
          if let failure = state.glanceFailure { throw failure }
        }
        let name = root.split(separator: "/").last.map { "\($0).example.com" } ?? "here.example.com"
        return FlowEngine.ServerOverview(
          label: name, facts: [Summary.Fact("Server", name), Summary.Fact("Software", "Aloha 9.0")])
      },
      organizations: { _, _ in self.state.withLock { $0.organizations } }, overviews: { _, _ in [] },
      findings: { job in
        self.state.withLock { state in
          state.checks += 1
          if let move = job as? MoveOperation { state.checked.append(move.decisions) }
          return state.findings
        }
      },
      plan: { job in
        if let move = job as? MoveOperation { self.state.withLock { $0.planned.append(move.decisions) } }
        return FakeMove.plan
      },
      work: { job in
        if let move = job as? MoveOperation { self.state.withLock { $0.operations.append(move.decisions) } }
        return FakeMove()
      }, runsJobs: runsJobs)
  }
}

/// Never run: tests tell the wizard themselves what becomes of it.
struct FakeMove: Runnable {
  func check() throws -> [Finding] { [] }
  func plan() throws -> Plan { Self.plan }
  func run(progress: Progress) throws -> Summary { Self.summary }

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
