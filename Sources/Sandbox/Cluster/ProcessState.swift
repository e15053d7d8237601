import Common
import Glibc

/// The state of other processes.
enum ProcessState {
  /// Returns whether a process exists and has not ended; false for one that has ended and was not reaped.
  static func isAlive(_ pid: pid_t) -> Bool {
    guard kill(pid, 0) == 0 || errno == EPERM else { return false }
    guard let status = try? FileSystem.read("/proc/\(pid)/stat") else { return false }
    // The state follows the name, which can contain any characters, also brackets.
    guard let name = status.lastIndex(of: UInt8(ascii: ")")) else { return false }
    let behind = status[name...].dropFirst(2)
    return behind.first != UInt8(ascii: "Z") && behind.first != UInt8(ascii: "X")
  }

  /// Returns the process id at the start of a file; nil if there is none.
  static func named(in path: String) -> pid_t? {
    guard let text = try? FileSystem.read(path, limit: 4096) else { return nil }
    return pid_t(String(decoding: text.prefix { (48...57).contains($0) }, as: UTF8.self))
  }
}
