import Common
import Engine

/// What all flows want of the engine. A test gives its own.
///
/// What is to be done is one value, an ``Engine/Operation``: it is checked, planned and run from the same answers, and a test
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
  var findings: @Sendable (any Operation) throws -> [Finding]
  var plan: @Sendable (any Operation) throws -> Plan
  /// How it is run: as it is, or as a job.
  var work: @Sendable (any Operation) throws -> any Runnable
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
      glance: { try look(at: installed(below: $0, brand: brand), cancellation: $1) },
      organizations: { root, cancellation in
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
      // Asked before the operation itself queries: the server may be in the middle of what the other job does.
      findings: { operation in
        if let other = JobStore.othersAtWork(operation) { return [other] }
        return try operation.check()
      },
      plan: { try $0.plan() },
      work: { operation -> any Runnable in if runsJobs { JobLaunch(operation) } else { operation } },
      runsJobs: runsJobs)
  }

  /// What is wrong with a folder in which there is no server at all is said in other words than what is wrong with a
  /// server.
  private static func installed(below root: String, brand: Brand?) throws -> Installation {
    let brands = brand.map { [$0] } ?? Brand.allCases
    guard brands.contains(where: { FileSystem.isFolder(root + $0.configurationFolder) }) else {
      throw PlainFailure(
        .configuration, SafeText.clean(root, limit: .name), "there is no server below this folder",
        remedy: "give the folder that holds etc/\(brands[0].rawValue); on the server itself that is /")
    }
    return try Installation(root: root, brand: brand)
  }

  private static func look(at server: Installation, cancellation: Cancellation) throws -> Glance {
    let connection = try server.connect(cancellation: cancellation)
    defer { connection.close() }
    let version = try ServerVersion.read(server, connection)
    let organizations = try connection.value(
      "SELECT count(*) FROM zerver_realm WHERE string_id <> $1", [server.brand.internalSubdomain])
    return Glance(
      label: server.label,
      facts: [
        Summary.Fact("Server", server.label),
        Summary.Fact("Software", "\(server.brand.title) \(version.name ?? "of an unknown version")"),
        Summary.Fact("Organizations", organizations ?? "0"),
        Summary.Fact("Uploads", server.storesUploadsInS3 ? "in S3" : server.uploadsFolder),
      ])
  }
}
