import Common

/// An operation as text: what a job's process is given, and what is left in its folder.
///
/// To let a new operation run as a job, add a case and its line in ``operation()``.
public enum JobDescription: Sendable, Codable, Equatable {
  case export(server: ServerReference, ExportOperation.Options)
  case `import`(server: ServerReference, ImportOperation.Options)
  case copySecrets(from: ServerReference, to: ServerReference, decisions: [String: SecretDecision])
  case deactivate(server: ServerReference, subdomain: String)
  case reactivate(server: ServerReference, subdomain: String)

  /// A server by its root folder.
  public struct ServerReference: Sendable, Codable, Equatable {
    /// `/` in production.
    public var root: String
    public var brand: Brand?

    public init(root: String, brand: Brand? = nil) {
      self.root = root
      self.brand = brand
    }

    public init(_ installation: Installation) {
      root = installation.root.isEmpty ? "/" : installation.root
      brand = installation.brand
    }

    public func installation() throws -> Installation { try Installation(root: root, brand: brand) }
  }

  /// The server that the job changes, and whose jobs it must not run beside.
  public var server: ServerReference {
    switch self {
    case .export(let server, _), .import(let server, _), .deactivate(let server, _), .reactivate(let server, _): server
    case .copySecrets(_, let target, _): target
    }
  }

  /// What it does, in a few words, where no plan says more.
  public var title: String {
    switch self {
    case .export(_, let options): "Export '\(options.subdomain)' into \(options.output ?? "an archive")"
    case .import(_, let options): "Import \(options.archive) as '\(options.subdomain)'"
    case .copySecrets: "Copy secrets"
    case .deactivate(_, let subdomain): "Deactivate '\(subdomain)'"
    case .reactivate(_, let subdomain): "Reactivate '\(subdomain)'"
    }
  }

  /// Reads the server's configuration anew: a job begins with what is true now.
  ///
  /// - Parameter folder: the job's own, where what it leaves for later questions goes.
  public func operation(in folder: JobFolder? = nil) throws -> any Operation {
    switch self {
    case .export(let server, let options): return ExportOperation(try server.installation(), options)
    case .import(let server, let wanted):
      var options = wanted
      options.reportFolder = options.reportFolder ?? folder?.path
      return ImportOperation(try server.installation(), options)
    case .copySecrets(let source, let target, let decisions):
      return CopySecretsOperation(from: try source.installation(), to: try target.installation(), decisions: decisions)
    case .deactivate(let server, let subdomain):
      return DeactivateOperation(try server.installation(), subdomain: subdomain)
    case .reactivate(let server, let subdomain):
      return ReactivateOperation(try server.installation(), subdomain: subdomain)
    }
  }
}
