import Common
import Glibc

/// Whether other processes are still at work.
enum ProcessState {
  /// False, too, for one that has ended and that nobody has looked after yet.
  static func isAlive(_ pid: pid_t) -> Bool {
    guard kill(pid, 0) == 0 || errno == EPERM else { return false }
    guard let status = try? FileSystem.read("/proc/\(pid)/stat") else { return false }
    // The state is behind the name, which may hold anything, brackets included.
    guard let name = status.lastIndex(of: UInt8(ascii: ")")) else { return false }
    let behind = status[name...].dropFirst(2)
    return behind.first != UInt8(ascii: "Z") && behind.first != UInt8(ascii: "X")
  }

  /// The number in a file that names a process.
  static func named(in path: String) -> pid_t? {
    guard let text = try? FileSystem.read(path, limit: 4096) else { return nil }
    return pid_t(String(decoding: text.prefix { (48...57).contains($0) }, as: UTF8.self))
  }
}
