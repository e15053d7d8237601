import Administration
import Common
import Operations
import Remote
import Server
import Transfer

/// One of the two servers of a move, wherever it is.
protocol MoveSite {
  /// The server as operations on its machine name it.
  var reference: ServerReference { get }
  /// As commands of the operator name it.
  var root: String { get }
  func facts() throws -> SiteFacts
  func organization(_ subdomain: String) throws -> Organization
  func source() throws -> TargetChecks.Source
  func targetFindings(subdomain: String, allowsReserved: Bool, source: TargetChecks.Source) throws -> [Finding]
  func check(_ operation: any Operation) throws -> [Finding]
  func plan(_ operation: any Operation) throws -> Plan
  /// The settings and secrets, without the values of secrets if it is on another machine.
  func configuration() throws -> ConfigurationSource
  func secretAdvice(from source: ConfigurationSource) throws -> [SettingAdvice]
  func secretObstacles(_ names: [String], from source: ConfigurationSource) throws -> [Finding]
  func copySecrets(_ names: [String], from source: ConfigurationSource, _ progress: Progress) throws -> Summary
  /// Runs an operation as a part of the move; its phases get the name as a prefix.
  func run(_ operation: any Operation, as part: String, _ progress: Progress) throws -> Summary
  func close()
}

/// A server on this machine.
struct LocalSite: MoveSite {
  let reference: ServerReference
  var root: String { reference.root }

  func facts() throws -> SiteFacts { try SiteFacts(reference.installation()) }
  func organization(_ subdomain: String) throws -> Organization { try Organization.find(subdomain, on: reference) }
  func source() throws -> TargetChecks.Source { try TargetChecks.Source(reference.installation()) }

  func targetFindings(subdomain: String, allowsReserved: Bool, source: TargetChecks.Source) throws -> [Finding] {
    try TargetChecks.findings(
      reference.installation(), subdomain: subdomain, allowsReservedSubdomain: allowsReserved, source: source)
  }

  func configuration() throws -> ConfigurationSource { try ConfigurationSource(reference.installation()) }

  func secretAdvice(from source: ConfigurationSource) throws -> [SettingAdvice] {
    try SecretAdvisor.advice(from: source, to: reference.installation())
  }

  func secretObstacles(_ names: [String], from source: ConfigurationSource) throws -> [Finding] {
    try CopySecretsOperation.obstacles(to: names, from: source, to: reference.installation())
  }

  func copySecrets(_ names: [String], from source: ConfigurationSource, _ progress: Progress) throws -> Summary {
    try CopySecretsOperation.copy(names, from: source, to: reference.installation(), progress)
  }

  func check(_ operation: any Operation) throws -> [Finding] { try operation.check() }
  func plan(_ operation: any Operation) throws -> Plan { try operation.plan() }

  func run(_ operation: any Operation, as part: String, _ progress: Progress) throws -> Summary {
    try OperationPart(part, operation).run(progress)
  }

  func close() {}
}

extension RemoteSite: MoveSite {
  var root: String { server.address.text }

  func facts() throws -> SiteFacts { try facts(nil) }

  func organization(_ subdomain: String) throws -> Organization {
    try ask(.organization(reference, subdomain: subdomain)) {
      if case .organization(let found) = $0 { found } else { nil }
    }
  }

  func source() throws -> TargetChecks.Source {
    try ask(.source(reference)) { if case .source(let source) = $0 { source } else { nil } }
  }

  func targetFindings(subdomain: String, allowsReserved: Bool, source: TargetChecks.Source) throws -> [Finding] {
    try findings(.targetChecks(reference, subdomain: subdomain, allowsReserved: allowsReserved, source: source))
  }

  func configuration() throws -> ConfigurationSource {
    try ConfigurationSource(server.address.text, copiesProgram: server.isCopied)
  }

  func secretAdvice(from source: ConfigurationSource) throws -> [SettingAdvice] {
    try ask(.secretAdvice(reference, source.delivery())) { if case .advice(let advice) = $0 { advice } else { nil } }
  }

  func secretObstacles(_ names: [String], from source: ConfigurationSource) throws -> [Finding] {
    try findings(.secretObstacles(reference, source.delivery(), names: names))
  }

  func copySecrets(_ names: [String], from source: ConfigurationSource, _ progress: Progress) throws -> Summary {
    // A group of secrets has one id.
    let keys = Set(names.flatMap { $0.split(separator: "+").map(String.init) })
    return try progress.phase(CopySecretsPhase(facts(nil).brand)) { _ in
      try ask(.copySecrets(reference, source.delivery(revealing: keys), names: names)) {
        if case .summary(let summary) = $0 { summary } else { nil }
      }
    }
  }

  func check(_ operation: any Operation) throws -> [Finding] { try findings(.check(PeerOperation(operation))) }

  func plan(_ operation: any Operation) throws -> Plan {
    try ask(.plan(PeerOperation(operation))) { if case .plan(let plan) = $0 { plan } else { nil } }
  }

  func run(_ operation: any Operation, as part: String, _ progress: Progress) throws -> Summary {
    try run(operation, progress.part(part))
  }

  private func findings(_ request: PeerRequest) throws -> [Finding] {
    try ask(request) { if case .findings(let findings) = $0 { findings } else { nil } }
  }

  func close() { server.close() }
}

/// The sites of a move, opened for one use.
struct MoveSites {
  let source: any MoveSite
  /// Nil if only the archive is made.
  let target: (any MoveSite)?

  /// - Throws: if another machine cannot be reached, or cannot be used.
  init(_ decisions: MoveDecisions, brand: Brand?, cancellation: Cancellation? = nil) throws {
    func open(_ root: String) throws -> any MoveSite {
      let reference = ServerReference(root: root, brand: brand)
      guard let address = reference.remote else { return LocalSite(reference: reference) }
      let consent = RemoteServer.Consent(canAsk: false) { _ in decisions.copiesProgram ?? false }
      return RemoteSite(try RemoteServer.open(address, consent, cancellation: cancellation), brand: brand)
    }
    source = try open(decisions.source)
    do {
      target = try decisions.target.map(open)
    } catch {
      source.close()
      throw error
    }
  }

  /// Whether the archive passes between machines.
  var isRemote: Bool { source is RemoteSite || target is RemoteSite }

  func close() {
    source.close()
    target?.close()
  }
}

/// The copying of secrets as a phase of a move, wherever the new server is.
struct CopySecretsPhase: OperationPhase {
  let title: String
  var id: String { "secrets.settings" }

  init(_ brand: Brand) { title = "Write \(FileSystem.name(of: brand.secretsFile))" }
}
