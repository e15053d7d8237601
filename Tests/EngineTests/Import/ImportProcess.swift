import Common
import Foundation
import Glibc
import Testing

@testable import Operations

/// Runs an import of the program in a separate process that can be killed.
struct ImportProcess {
  let root: String
  let archive: String
  var subdomain = "harbour"

  struct Outcome {
    /// The exit status, or 128 + the number of the signal that ended the process.
    let status: Int32
    let events: [ProgressEvent]

    var wasKilled: Bool { status == 128 + SIGKILL }
    var failure: FailureReport? {
      for case .failed(let report) in events { return report }
      return nil
    }
    var isComplete: Bool { status == 0 }
  }

  /// The program, next to the tests.
  private static let program: String = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("aloha-wizard").path
  }()

  /// Runs the import to its end. Kills it at the first event for which `isEnough` returns true, or after `time`.
  func run(
    killedAfter time: Duration? = nil, killedAt isEnough: (ProgressEvent) -> Bool = { _ in false }
  ) throws -> Outcome {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    defer { close(ends[0]) }
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    let command = Subprocess(
      Self.program, ["import", subdomain, archive, "--root", root, "--json"], directory: "/")
    let pid: pid_t
    do {
      defer { close(ends[1]) }
      pid = try command.start(output: ends[1])
    }
    let deadline = time.map { ContinuousClock.now + $0 }
    var events: [ProgressEvent] = []
    var pending: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      if let deadline, ContinuousClock.now >= deadline { kill(pid, SIGKILL) }
      var waiting = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
      if poll(&waiting, 1, deadline == nil ? -1 : 2) == 0 { continue }
      let count = read(ends[0], &chunk, chunk.count)
      if count <= 0 { break }
      pending += chunk[0..<count]
      while let end = pending.firstIndex(of: 10) {
        let line = String(decoding: pending[..<end], as: UTF8.self)
        pending.removeSubrange(...end)
        guard let event = EventLine.decode(line) else { continue }
        events.append(event)
        if isEnough(event) { kill(pid, SIGKILL) }
      }
    }
    return Outcome(status: Subprocess.wait(pid), events: events)
  }
}

extension ProgressEvent {
  /// Returns whether the event is a moment of a running import: `messages`, `messages advanced` or `messages ended` for
  /// the phase `messages`.
  func isMoment(_ name: String) -> Bool {
    switch self {
    case .phaseStarted(let id, _, _, _): id == name
    case .advanced(let id, _, _, _): "\(id) advanced" == name
    case .phaseEnded(let id): "\(id) ended" == name
    default: false
    }
  }
}
