import Common
import Glibc

/// Peer authentication asks the kernel who is at the other end of the socket. Root lends the database's user to the
/// connecting thread for as long as connecting takes.
enum SystemUser {
  static func lend<Value>(_ name: String?, host: String?, _ body: () -> Value) throws -> Value {
    let isLocal = host.map { $0.hasPrefix("/") } ?? true
    guard let name, isLocal, geteuid() == 0 else { return body() }
    return try ThreadUser.run(as: name, body)
  }
}
