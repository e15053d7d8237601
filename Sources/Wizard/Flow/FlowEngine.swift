import Common
import Engine

/// What all flows want of the engine. A test gives its own.
///
/// What is to be done is one value, a ``JobDescription``: it is checked, planned and run from the same answers, and a test
/// that compares it has compared every decision.
struct FlowEngine: Sendable {
  /// What is seen of a server from outside.
  struct Glance: Sendable {
    /// Its host name, or its folder.
    var label: String
    var facts: [Summary.Fact]
  }

  var glance: @Sendable (_ root: String, Cancellation) throws -> Glance
  var organizations: @Sendable (_ root: String, Cancellation) throws -> [Organization]
  var overviews: @Sendable (_ root: String, Cancellation) throws -> [OrganizationOverview]
  var findings: @Sendable (JobDescription) throws -> [Finding]
  var plan: @Sendable (JobDescription) throws -> Plan
  var operation: @Sendable (JobDescription) throws -> any Operation
  /// Operations are jobs: processes that go on without the wizard.
  var runsJobs = false
}

extension FlowEngine {
  /// The engine itself.
  ///
  /// - Parameters:
  ///   - brand: of all servers; nil: each is recognised.
  ///   - runsJobs: whether work runs in a process of its own; only this program itself can be one.
  static func real(brand: Brand?, runsJobs: Bool = false) -> FlowEngine {
    FlowEngine(
      glance: { root, cancellation in
        let glance = try MoveEnvironment.engine(brand: brand).glance(root, cancellation)
        return Glance(label: glance.label, facts: glance.facts)
      },
      organizations: { try MoveEnvironment.engine(brand: brand).organizations($0, $1) },
      overviews: { root, cancellation in
        let server = try Installation(root: root, brand: brand)
        let connection = try server.connect(cancellation: cancellation)
        defer { connection.close() }
        return try OrganizationOverview.list(connection, brand: server.brand)
      },
      // Asked before the operation itself looks: the server may be in the middle of what the other job does.
      findings: { description in
        if let other = JobStore.othersAtWork(description) { return [other] }
        return try description.operation().check()
      },
      plan: { try $0.operation().plan() },
      operation: { runsJobs ? JobOperation($0) : try $0.operation() },
      runsJobs: runsJobs)
  }
}
