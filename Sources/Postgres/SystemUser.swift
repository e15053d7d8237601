import Common
import Glibc
import Synchronization

/// Peer authentication asks the kernel who is at the other end of the socket. Root lends the database's user to this
/// process for as long as connecting takes.
enum SystemUser {
  private static let lock = Mutex(())

  static func lend<Value>(_ name: String?, host: String?, _ body: () -> sending Value) throws -> sending Value {
    let isLocal = host.map { $0.hasPrefix("/") } ?? true
    guard let name, isLocal, geteuid() == 0 else { return body() }
    guard let entry = getpwnam(name) else {
      throw PlainFailure(
        .configuration, "user \(name)", "the database's user does not exist on this machine",
        remedy: "check database_user in the server's configuration")
    }
    let user = entry.pointee.pw_uid
    return lock.withLock { _ in
      // The effective user is the whole process's: glibc changes it in every thread at once, so one at a time.
      seteuid(user)
      defer { seteuid(0) }
      return body()
    }
  }
}
