import Common
import Synchronization

@testable import Administration
@testable import Engine
@testable import Operations
@testable import Server
@testable import Wizard

/// An engine that answers immediately and changes nothing. It records the requests of flows, so that tests can check
/// that checks, plan and work belong to the last decisions. ``move()`` returns one for two servers.
final class FakeEngine: Sendable {
  struct State: Sendable {
    /// The organizations of other servers, by root.
    var others: [String: [Organization]] = ["/target": []]
    /// The roots of servers whose organizations cannot be read.
    var unreadable: Set<String> = []
    var organizations = [
      Organization(
        id: 1, subdomain: "alohainternal", name: "System bots", isDeactivated: false, activeUsers: 5, messages: 0,
        isInternal: true),
      Organization(
        id: 2, subdomain: "harbour", name: "Harbour Café 港", isDeactivated: false, activeUsers: 24, messages: 12_480,
        isInternal: false),
      Organization(
        id: 3, subdomain: "", name: "Book club", isDeactivated: true, activeUsers: 8, messages: 310, isInternal: false),
    ]
    /// Bytes of uploads, by the id of the organization.
    var uploads: [Int64: Int64] = [2: 48_300_000, 3: 120_000]
    var activity: [Int64: String] = [2: "2026-11-22T20:15:00Z", 3: "2026-03-01T09:00:00Z"]
    var imported: [Int64: String] = [2: "2026-11-20 08:30:00+00"]
    var redirects: [Int64: String] = [:]
    var findings = [
      Finding(.ok, "organization", "is there"),
      Finding(.warning, "cache", "cannot be emptied from here", remedy: "empty it afterwards"),
    ]
    var plan = FakeWork.plan
    /// The failure of reading a server; nil if it succeeds.
    var overviewFailure: PlainFailure?
    var advice: [SettingAdvice] = []
    /// The roots of the servers that were read.
    var looked: [String] = []
    /// The operations that were checked, planned and started, each in their order.
    var checked: [any Operation] = []
    var planned: [any Operation] = []
    var begun: [any Operation] = []
  }

  let state: Mutex<State>

  init(_ state: State = State()) { self.state = Mutex(state) }

  func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

  /// The operation that was started last.
  var begun: (any Operation)? { state.withLock { $0.begun.last } }

  private static func overview(_ organization: Organization, _ state: State) -> OrganizationOverview {
    let id = organization.id
    var organization = organization
    if let redirect = state.redirects[id] {
      organization.redirect = redirect
      organization.isEmpty = true
    }
    return OrganizationOverview(
      organization: organization, uploadBytes: state.uploads[id] ?? 0, lastActivity: state.activity[id],
      imported: state.imported[id])
  }

  /// - Parameter runsJobs: whether operations are jobs, which outlive the wizard.
  func engine(runsJobs: Bool = false) -> FlowEngine {
    FlowEngine(
      overview: { root, _ in
        try self.state.withLock { state in
          state.looked.append(root)
          if let failure = state.overviewFailure { throw failure }
        }
        let label = Self.label(root)
        return .init(label: label, facts: [Summary.Fact("Server", label), Summary.Fact("Software", "Aloha 9.0")])
      },
      organizations: { root, _ in
        try self.state.withLock { state in
          if state.unreadable.contains(root) { throw PlainFailure(.connection, "database", "is down") }
          return state.others[root] ?? state.organizations
        }
      },
      overviews: { _, _ in
        self.state.withLock { state in state.organizations.map { Self.overview($0, state) } }
      },
      findings: { operation, _ in
        self.state.withLock { state in
          state.checked.append(operation)
          return state.findings
        }
      },
      plan: { operation, _ in
        self.state.withLock { state in
          state.planned.append(operation)
          return (operation as? MoveOperation).map { FakeMove.plan(of: $0.decisions) } ?? state.plan
        }
      },
      work: { operation in
        self.state.withLock { $0.begun.append(operation) }
        return operation is MoveOperation ? FakeWork(FakeMove.plan, FakeMove.summary) : FakeWork()
      }, runsJobs: runsJobs)
  }

  /// Returns the host name of the server in a folder, from the folder's name.
  private static func label(_ root: String) -> String {
    let name = root.split(separator: "/").last.map(String.init) ?? "here"
    return "\(name).example.com"
  }

  /// Returns a context for a server in `/srv/chat`.
  func context(given: [String: Answer] = [:], target: String? = nil) -> FlowContext {
    FlowContext(
      root: "/srv/chat", label: "chat.example.com", target: target, isTest: true, archiveFolder: "/tmp",
      engine: engine(), given: given)
  }
}

/// Work that is never run: tests send its events to the wizard.
struct FakeWork: Runnable {
  private let itsPlan: Plan
  private let itsSummary: Summary

  init(_ plan: Plan = FakeWork.plan, _ summary: Summary = FakeWork.summary) {
    itsPlan = plan
    itsSummary = summary
  }

  func check() throws -> [Finding] { [] }
  func plan() throws -> Plan { itsPlan }
  func run(progress: Progress) throws -> Summary { itsSummary }

  static let plan = Plan(
    title: "Work on it",
    phases: [
      .init(id: "rows", title: "Work on rows", amount: "13,904 rows"), .init(id: "cache", title: "Empty the cache"),
    ],
    leavesAlone: ["All other organizations"])

  static let summary = Summary(
    title: "It is done", facts: [.init("Rows", "13,904")], warnings: [], nextSteps: ["Restart the server"])
}

/// Returns whether both are the same operation with the same decisions.
func == (left: (any Operation)?, right: (any Operation)?) -> Bool {
  switch (left, right) {
  case (let left?, let right?): left.isEqual(to: right)
  case (nil, nil): true
  default: false
  }
}
