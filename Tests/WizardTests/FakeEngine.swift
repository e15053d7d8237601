import Common
import Synchronization

@testable import Administration
@testable import Operations
@testable import Server
@testable import Wizard

/// An engine that answers at once and does nothing: what flows ask of it is written down.
final class FakeEngine: Sendable {
  struct State: Sendable {
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
    /// Of those organizations, by their ids.
    var uploads: [Int64: Int64] = [2: 48_300_000, 3: 120_000]
    var activity: [Int64: String] = [2: "2026-11-22T20:15:00Z", 3: "2026-03-01T09:00:00Z"]
    var imported: [Int64: String] = [2: "2026-11-20 08:30:00+00"]
    var redirects: [Int64: String] = [:]
    var findings = [
      Finding(.ok, "organization", "is there"),
      Finding(.warning, "cache", "cannot be emptied from here", remedy: "empty it afterwards"),
    ]
    var plan = FakeWork.plan
    /// What was checked and planned, and what was begun.
    var checked: [any Operation] = []
    var begun: [any Operation] = []
  }

  let state = Mutex(State())

  func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

  /// What the last work that was begun is to do.
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

  var engine: FlowEngine {
    FlowEngine(
      overview: { root, _ in .init(label: "chat.example.com", facts: [Summary.Fact("Folder", root)]) },
      organizations: { _, _ in self.state.withLock { $0.organizations } },
      overviews: { _, _ in
        self.state.withLock { state in state.organizations.map { Self.overview($0, state) } }
      },
      findings: { job in
        self.state.withLock { state in
          state.checked.append(job)
          return state.findings
        }
      },
      plan: { _ in self.state.withLock { $0.plan } },
      work: { job in
        self.state.withLock { $0.begun.append(job) }
        return FakeWork()
      })
  }

  /// A server in `/srv/chat`.
  func context(given: [String: Answer] = [:], target: String? = nil) -> FlowContext {
    FlowContext(
      root: "/srv/chat", label: "chat.example.com", target: target, isTest: true, archiveFolder: "/tmp",
      engine: engine, given: given)
  }
}

/// Never run: tests tell the wizard themselves what becomes of it.
struct FakeWork: Runnable {
  func check() throws -> [Finding] { [] }
  func plan() throws -> Plan { Self.plan }
  func run(progress: Progress) throws -> Summary { Self.summary }

  static let plan = Plan(
    title: "Work on it",
    phases: [
      .init(id: "rows", title: "Work on rows", amount: "13,904 rows"), .init(id: "cache", title: "Empty the cache"),
    ],
    leavesAlone: ["All other organizations"])

  static let summary = Summary(
    title: "It is done", facts: [.init("Rows", "13,904")], warnings: [], nextSteps: ["Restart the server"])
}

/// Whether both are the same operation with the same decisions.
func == (left: (any Operation)?, right: (any Operation)?) -> Bool {
  switch (left, right) {
  case (let left?, let right?): left.isEqual(to: right)
  case (nil, nil): true
  default: false
  }
}
