import CSystem
import Glibc

/// The user of the current thread.
public enum ThreadUser {
  /// Runs `body` as another user; requires root. Other threads are not affected.
  ///
  /// - Throws: if the user does not exist, and the errors of `body`.
  public static func run<Value>(as name: String, _ body: () throws -> Value) throws -> Value {
    guard let entry = getpwnam(name) else {
      throw PlainFailure(
        .configuration, "user \(SafeText.clean(name))", "does not exist on this machine",
        remedy: "check database_user in the server's configuration")
    }
    guard csystem_thread_user(entry.pointee.pw_uid) == 0 else {
      throw PlainFailure.system("user \(SafeText.clean(name))", "cannot be taken", errno: errno)
    }
    defer { _ = csystem_thread_user(0) }
    return try body()
  }
}
