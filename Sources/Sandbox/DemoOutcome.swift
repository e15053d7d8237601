import Common
import Postgres

/// The organizations on the servers of a demo, without the internal ones.
public struct DemoOutcome: Sendable {
  public struct Organization: Sendable, Equatable {
    public let subdomain: String
    public let isActive: Bool
  }

  public let old: [Organization]
  public let new: [Organization]
}

extension Sandbox {
  /// Reads the organizations of both servers. The servers' database must be running.
  ///
  /// - Returns: nil if this is no demo.
  /// - Throws: a failure of the database.
  public func outcome() throws -> DemoOutcome? {
    guard let (old, new) = demoServers else { return nil }
    return DemoOutcome(old: try organizations(of: old), new: try organizations(of: new))
  }

  private func organizations(of server: SandboxServer) throws -> [DemoOutcome.Organization] {
    let connection = try server.connect()
    defer { connection.close() }
    return try connection.query(
      "SELECT string_id, deactivated FROM zerver_realm WHERE string_id <> $1 ORDER BY id",
      [server.brand.internalSubdomain]
    ).map { DemoOutcome.Organization(subdomain: $0[0] ?? "", isActive: $0[1] != "t") }
  }
}
