import Administration
import Common
import FoundationEssentials
import Operations
import Server
import Transfer

/// A question of this program to the same program on another machine, as one line of JSON. Servers are named as they are
/// called there.
public enum PeerRequest: Codable, Sendable {
  case facts(ServerReference)
  case organization(ServerReference, subdomain: String)
  case organizations(ServerReference)
  case source(ServerReference)
  case targetChecks(ServerReference, subdomain: String, allowsReserved: Bool, source: TargetChecks.Source)
  case secretAdvice(ServerReference, ConfigurationDelivery)
  case secretObstacles(ServerReference, ConfigurationDelivery, names: [String])
  /// The delivery holds the values of these secrets: it is in the connection only.
  case copySecrets(ServerReference, ConfigurationDelivery, names: [String])
  case check(PeerOperation)
  case plan(PeerOperation)
  /// Starts a job, and waits until it has begun.
  case start(PeerOperation)
  /// Looks for a job by the token of its request, see ``JobToken``.
  case find(token: String, ServerReference)
}

/// The answer to a ``PeerRequest``, as one line of JSON.
public enum PeerAnswer: Codable, Sendable {
  case facts(SiteFacts)
  case organization(Organization)
  case organizations([Organization])
  case source(TargetChecks.Source)
  case advice([SettingAdvice])
  case summary(Summary)
  case findings([Finding])
  case plan(Plan)
  case job(RemoteJob)
  /// There is no such job.
  case noJob
  case failure(FailureReport)
}

/// An operation in a ``PeerRequest``.
public struct PeerOperation: Codable, Sendable {
  public let operation: any Operation

  public init(_ operation: any Operation) { self.operation = operation }

  public init(from decoder: any Decoder) throws { operation = try StoredOperation(from: decoder).operation }
  public func encode(to encoder: any Encoder) throws { try StoredOperation(operation).encode(to: encoder) }
}

/// What a move needs to know of a server.
public struct SiteFacts: Codable, Sendable {
  public let label: String
  public let brand: Brand
  public let deploymentFolder: String
  public let identity: ServerIdentity
  public let facts: [Summary.Fact]
  public let isTest: Bool
  /// Findings about work that waits in the server's queues.
  let queues: [Finding]
}

/// The side that answers.
public enum PeerDesk {
  /// Returns the line for a line. A failure is an answer too.
  public static func answer(to line: [UInt8], cancellation: Cancellation) -> [UInt8] {
    let answer: PeerAnswer
    do {
      guard let request = try? JSONDecoder().decode(PeerRequest.self, from: Data(line)) else {
        throw PlainFailure(
          .command, Program.name, "does not understand the request", remedy: "use the same version on both machines")
      }
      answer = try self.answer(to: request, cancellation)
    } catch {
      answer = .failure(FailureReport(error))
    }
    return ((try? JSONEncoder().encode(answer)).map { Array($0) } ?? []) + [0x0A]
  }

  private static func answer(to request: PeerRequest, _ cancellation: Cancellation) throws -> PeerAnswer {
    switch request {
    case .facts(let server): return .facts(try SiteFacts(server.installation(), cancellation))
    case .organization(let server, let subdomain):
      return .organization(try Organization.find(subdomain, on: server))
    case .organizations(let server):
      let installation = try server.installation()
      let connection = try installation.connect(cancellation: cancellation)
      defer { connection.close() }
      return .organizations(try Organization.list(connection, brand: installation.brand))
    case .source(let server): return .source(try TargetChecks.Source(server.installation()))
    case .targetChecks(let server, let subdomain, let allowsReserved, let source):
      return .findings(
        try TargetChecks.findings(
          server.installation(), subdomain: subdomain, allowsReservedSubdomain: allowsReserved, source: source))
    case .secretAdvice(let server, let delivery):
      return .advice(
        try SecretAdvisor.advice(from: RemoteConfiguration.source(of: delivery), to: server.installation()))
    case .secretObstacles(let server, let delivery, let names):
      return .findings(
        try CopySecretsOperation.obstacles(
          to: names, from: RemoteConfiguration.source(of: delivery), to: server.installation()))
    case .copySecrets(let server, let delivery, let names):
      // No other job changes the files meanwhile.
      let lock = try JobStore.claim(CopySecretsOperation(from: server, to: server, decisions: [:]))
      defer { withExtendedLifetime(lock) {} }
      return .summary(
        try CopySecretsOperation.copy(
          names, from: RemoteConfiguration.source(of: delivery), to: server.installation(), .silent))
    case .check(let part): return .findings(try part.operation.check())
    case .plan(let part): return .plan(try part.operation.plan())
    case .start(let part):
      let request = try JobRequest(part.operation, plan: try part.operation.plan())
      defer { request.settle() }
      try request.start()
      _ = try request.awaitBegin(cancellation: cancellation)
      return .job(RemoteJob(request.folder))
    case .find(let token, let server):
      return try JobToken.find(token, in: JobStore(root: server.root)).map { .job(RemoteJob($0)) } ?? .noJob
    }
  }
}

extension SiteFacts {
  init(_ installation: Installation, _ cancellation: Cancellation? = nil) throws {
    let connection = try installation.connect(cancellation: cancellation)
    defer { connection.close() }
    let version = try ServerVersion.read(installation, connection)
    label = installation.label
    brand = installation.brand
    deploymentFolder = installation.deploymentFolder
    identity = try ServerIdentity(installation, connection)
    isTest = SandboxMark.isThere(below: installation.root)
    queues = MessageQueues.findings(before: installation)
    facts = [
      Summary.Fact("Server", installation.label),
      Summary.Fact("Software", "\(installation.brand.title) \(version.name ?? "of an unknown version")"),
    ]
  }
}

extension Organization {
  /// Returns an organization with an exact number of messages; opens and closes a session.
  static func find(_ subdomain: String, on server: ServerReference) throws -> Organization {
    let installation = try server.installation()
    let connection = try installation.connect()
    defer { connection.close() }
    return try find(subdomain, connection, brand: installation.brand, exactly: true)
  }
}
