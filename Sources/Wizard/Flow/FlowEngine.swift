import Administration
import Common
import Engine
import Operations
import Server

/// The functions of the engine that all flows use. Tests replace them.
///
/// The work is one value, an ``Engine/Operation``: it is checked, planned and run from the same answers, and comparing
/// it compares every decision.
struct FlowEngine: Sendable {
  /// The basic facts about a server.
  struct ServerOverview: Sendable {
    /// The host name, or the folder.
    var label: String
    var facts: [Summary.Fact]
    /// Whether it is a throw-away server of this program, see ``Operations/SandboxMark``; nil: not looked at.
    var isTest: Bool?
  }

  var overview: @Sendable (_ root: String, Cancellation) throws -> ServerOverview
  var organizations: @Sendable (_ root: String, Cancellation) throws -> [Organization]
  var overviews: @Sendable (_ root: String, Cancellation) throws -> [OrganizationOverview]
  var findings: @Sendable (any Operation, CheckObserver) throws -> [Finding]
  var plan: @Sendable (any Operation, CheckObserver) throws -> Plan
  /// Returns what runs the operation: the operation itself, or a job.
  var work: @Sendable (any Operation) throws -> any Runnable
  /// Whether operations run as jobs, which continue without the wizard.
  var runsJobs = false
}

extension FlowEngine {
  /// Returns the real engine.
  ///
  /// - Parameters:
  ///   - brand: the brand of all servers; nil: detected.
  ///   - processes: how operations run.
  static func real(brand: Brand?, _ processes: FlowProcesses = FlowProcesses(runsJobs: false)) -> FlowEngine {
    let remotes = processes.remotes
    return FlowEngine(
      overview: { root, cancellation in
        guard RemoteAddress.isMeant(root) else {
          return try look(at: installed(below: root, brand: brand), cancellation: cancellation)
        }
        let facts = try remotes.site(root, brand: brand, cancellation: cancellation).facts(cancellation)
        return ServerOverview(
          label: facts.label, facts: [Summary.Fact("Machine", (try? RemoteAddress(root).label) ?? root)] + facts.facts,
          isTest: facts.isTest)
      },
      organizations: { root, cancellation in
        if RemoteAddress.isMeant(root) {
          return try remotes.site(root, brand: brand, cancellation: cancellation).organizations(cancellation)
        }
        let server = try installed(below: root, brand: brand)
        let connection = try server.connect(cancellation: cancellation)
        defer { connection.close() }
        return try Organization.list(connection, brand: server.brand)
      },
      overviews: { root, cancellation in
        let server = try installed(below: root, brand: brand)
        let connection = try server.connect(cancellation: cancellation)
        defer { connection.close() }
        return try OrganizationOverview.list(connection, brand: server.brand)
      },
      // Checked before the operation's own queries: another job can be changing the server.
      findings: { operation, observer in
        if let other = JobStore.othersAtWork(operation) { return [other] }
        return try processes.check(operation, observer)
      },
      plan: { try ($0 as? any ObservedCheck)?.plan($1) ?? $0.plan() }, work: { processes.work($0) },
      runsJobs: processes.runsJobs)
  }

  /// A folder without any server has another message than a damaged server.
  private static func installed(below root: String, brand: Brand?) throws -> Installation {
    guard Installation.exists(root: root, brand: brand) else {
      throw PlainFailure(
        .configuration, SafeText.clean(root, limit: .name), "there is no server below this folder",
        remedy: "give the folder that holds etc/\((brand ?? .aloha).rawValue); on the server itself that is /")
    }
    return try Installation(root: root, brand: brand)
  }

  private static func look(at server: Installation, cancellation: Cancellation) throws -> ServerOverview {
    let connection = try server.connect(cancellation: cancellation)
    defer { connection.close() }
    let version = try ServerVersion.read(server, connection)
    let organizations = try connection.value(
      "SELECT count(*) FROM zerver_realm WHERE string_id <> $1", [server.brand.internalSubdomain])
    let isTest = SandboxMark.isThere(below: server.root)
    let kind = isTest ? [Summary.Fact("Kind", "\(Flow.Badge.test.rawValue): a throw-away server of this program")] : []
    return ServerOverview(
      label: server.label,
      facts: kind + [
        Summary.Fact("Server", server.label),
        Summary.Fact("Software", "\(server.brand.title) \(version.name ?? "of an unknown version")"),
        Summary.Fact("Organizations", organizations ?? "0"),
        Summary.Fact("Uploads", server.storesUploadsInS3 ? "in S3" : server.uploadsFolder),
      ], isTest: isTest)
  }
}
