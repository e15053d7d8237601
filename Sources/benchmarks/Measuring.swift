import Common
import Glibc

/// The cost of a run, in seconds.
struct Cost {
  var wall = 0.0
  /// Processor time of the measured programs.
  var client = 0.0
  /// Processor time of PostgreSQL's processes that ended during the run.
  var server = 0.0

  var processor: Double { client + server }
}

enum Measuring {
  /// Runs `body` and measures the child processes that it runs to their end.
  ///
  /// - Parameter postmaster: the parent of the database's processes; nil without a database.
  static func cost(postmaster: Int?, _ body: () throws -> Void) throws -> Cost {
    var cost = Cost()
    let before = usage()
    let server = postmaster.map(endedChildren) ?? 0
    let start = ContinuousClock.now
    try body()
    let passed = ContinuousClock.now - start
    cost.wall = Double(passed.components.seconds) + Double(passed.components.attoseconds) / 1e18
    // The process of a session ends shortly after its client.
    usleep(200_000)
    let after = usage()
    cost.client = after - before
    cost.server = (postmaster.map(endedChildren) ?? 0) - server
    return cost
  }

  private static func usage() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  /// The peak memory of this process in bytes. (`getrusage` includes the parent's memory before `exec`.)
  static var peakMemory: Int64 {
    guard let bytes = try? FileSystem.read("/proc/self/status") else { return 0 }
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(separator: " ").dropLast().last.flatMap { Int64($0) } ?? 0) * 1024
  }

  /// Returns the process id of the parent of a process; nil if the process does not exist.
  static func parent(of process: Int) -> Int? { fields(process).flatMap { Int($0[1]) } }

  /// Returns the processor seconds of the ended children of a process.
  private static func endedChildren(_ process: Int) -> Double {
    guard let fields = fields(process), fields.count > 15 else { return 0 }
    let ticks = (Double(fields[13]) ?? 0) + (Double(fields[14]) ?? 0)
    return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Returns the fields of `/proc/PID/stat` after the program's name, which can contain spaces.
  private static func fields(_ process: Int) -> [String]? {
    guard let bytes = try? FileSystem.read("/proc/\(process)/stat") else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.lastIndex(of: ")") else { return nil }
    return text[text.index(after: end)...].split(separator: " ").map(String.init)
  }
}

/// Prints a line of a table of numbers.
func line(_ name: String, _ value: String) {
  print("  \(name)\(String(repeating: " ", count: max(1, 34 - name.count)))\(value)")
}

func seconds(_ value: Double) -> String { decimal(value) + " s" }

func decimal(_ value: Double) -> String {
  let hundredths = Int((value * 100).rounded())
  let rest = hundredths % 100
  return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
}
