import Common
import Engine

/// All that the flow wants of the engine. A test gives its own.
struct MoveEnvironment: Sendable {
  /// What is seen of a server from outside.
  struct Glance: Sendable {
    /// Its host name, or its folder.
    var label: String
    var facts: [Summary.Fact]
  }

  var glance: @Sendable (_ root: String, Cancellation) throws -> Glance
  var organizations: @Sendable (_ root: String, Cancellation) throws -> [Organization]
  var findings: @Sendable (MoveDecisions) throws -> [Finding]
  var advice: @Sendable (MoveDecisions) throws -> [SecretAdvice]
  var operation: @Sendable (MoveDecisions) throws -> any Operation
  /// The operation is a job: a process that goes on without the wizard.
  var runsJobs = false
  /// Bytes of memory that this machine has to spare; nil where it does not say.
  var memory: @Sendable () -> Int64? = { nil }
}

extension MoveEnvironment {
  /// The engine itself.
  ///
  /// - Parameters:
  ///   - brand: of both servers; nil: each is recognised.
  ///   - runsJobs: whether the move runs in a process of its own; only this program itself can be one.
  static func engine(brand: Brand?, runsJobs: Bool = false) -> MoveEnvironment {
    @Sendable func server(_ root: String) throws -> Installation {
      let brands = brand.map { [$0] } ?? Brand.allCases
      guard brands.contains(where: { FileSystem.isFolder(root + $0.configurationFolder) }) else {
        throw PlainFailure(
          .configuration, SafeText.clean(root, limit: 100), "there is no server below this folder",
          remedy: "give the folder that holds etc/\(brands[0].rawValue); on the server itself that is /")
      }
      return try Installation(root: root, brand: brand)
    }
    return MoveEnvironment(
      glance: { try look(at: server($0), cancellation: $1) },
      organizations: { root, cancellation in
        let server = try server(root)
        let connection = try server.connect(cancellation: cancellation)
        defer { connection.close() }
        return try Organization.list(connection, brand: server.brand)
      },
      findings: { decisions in
        let source = try server(decisions.source)
        var findings = try MoveOperation.export(decisions, from: source).check()
        findings += MessageQueues.findings(before: source)
        if let target = decisions.target {
          findings += try TargetChecks.findings(
            server(target), subdomain: decisions.subdomain, allowsReservedSubdomain: decisions.allowsReserved,
            source: source)
        }
        return findings
      },
      advice: { decisions in
        guard let target = decisions.target else { return [] }
        return try SecretAdvisor.advice(from: server(decisions.source), to: server(target))
      },
      operation: { decisions in
        if runsJobs { return JobOperation(.move(decisions, brand: brand)) }
        return MoveOperation(
          source: try server(decisions.source), target: try decisions.target.map { try server($0) },
          decisions: decisions, brand: brand)
      }, runsJobs: runsJobs, memory: { Memory.available })
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
