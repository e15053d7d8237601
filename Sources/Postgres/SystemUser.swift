import Common
import Glibc

/// Peer authentication: PostgreSQL asks the kernel for the user of the connecting process. As root, the connecting
/// thread assumes the database's user while it connects.
enum SystemUser {
  static func lend<Value>(_ name: String?, host: String?, _ body: () -> Value) throws -> Value {
    let isLocal = host.map { $0.hasPrefix("/") } ?? true
    guard let name, isLocal, geteuid() == 0 else { return body() }
    return try ThreadUser.run(as: name, body)
  }
}
