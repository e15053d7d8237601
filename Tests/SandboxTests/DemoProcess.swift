import Common
import Glibc
import Testing

/// A command line in a shell of its own, as in one of the operator's terminals. Its output goes to a file.
final class DemoProcess {
  private let pid: pid_t
  private let output: String
  private var isEnded = false

  init(_ line: String, output: String) throws {
    self.output = output
    let descriptor = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    // The shell becomes the program, so that the status is the program's.
    pid = try Subprocess("/bin/sh", ["-c", "exec \(line)"], directory: "/").start(output: descriptor)
  }

  deinit {
    guard !isEnded else { return }
    kill(pid, SIGTERM)
    _ = Subprocess.wait(pid)
  }

  /// Waits until the output contains a text, and returns all of it.
  func waitFor(_ sign: String) throws -> String {
    let isThere = try eventually { try text(output).contains(sign) }
    let whole = try text(output)
    #expect(isThere, "no '\(sign)' in:\n\(whole)")
    return whole
  }

  /// Presses Ctrl-C, and waits for the end.
  func interrupt() throws -> (status: Int32, output: String) {
    kill(pid, SIGINT)
    isEnded = true
    let status = Subprocess.wait(pid)
    return (status, try text(output))
  }

  /// The commands of a card: the lines that begin with two spaces, except the steps of the start, which end with "…".
  static func commands(in text: some StringProtocol) -> [String] {
    text.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasSuffix("…") }.map { String($0.dropFirst(2)) }
  }

  /// The path of the program, next to the tests.
  static let program: String = {
    let tests = FileSystem.linkTarget("/proc/self/exe") ?? ""
    return FileSystem.folder(of: tests) + "/aloha-wizard"
  }()
}
