import Common
import Foundation
import Testing

/// A real terminal with the wizard: a tmux server on a private socket, which is stopped when this object is released.
final class TmuxTerminal {
  private let folder: String
  private var socket: String { "\(folder)/tmux" }

  /// Starts a shell that runs the program with these arguments.
  init(_ arguments: [String], columns: Int = 80, rows: Int = 24) throws {
    folder = "\(NSTemporaryDirectory())/aloha-wizard-\(RandomText.alphanumeric(10))"
    try FileSystem.makeFolder(folder)
    try tmux([
      "-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)",
      "env -i PATH='\(FileSystem.folder(of: Self.program))':/usr/bin:/bin PS1='$ ' TERM=xterm-256color LANG=C.UTF-8 HOME='\(folder)' sh",
    ])
    try waitFor("a prompt") { $0.contains("$") }
    let command = ([Self.program] + arguments).map(ShellQuote.quoted).joined(separator: " ")
    try tmux(["send-keys", "-l", "clear; \(command)"])
    try press("Enter")
  }

  deinit {
    _ = try? tmux(["kill-server"])
    try? FileSystem.removeTree(folder)
  }

  /// Presses keys, by tmux's names: `a`, `Up`, `C-c`, `Escape`.
  func press(_ keys: String...) throws { try tmux(["send-keys"] + keys) }

  /// Sends bytes like a terminal that does not mark a paste.
  func paste(_ bytes: [UInt8]) throws {
    try FileSystem.replace("\(folder)/paste", with: bytes)
    try tmux(["load-buffer", "\(folder)/paste"])
    try tmux(["paste-buffer", "-r"])
  }

  func resize(columns: Int, rows: Int) throws {
    try tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
  }

  var screen: String { get throws { try tmux(["capture-pane", "-p"]) } }

  /// The screen with the lines that have scrolled off it; long lines are joined.
  var history: String { get throws { try tmux(["capture-pane", "-p", "-J", "-S", "-"]) } }

  /// Waits until the screen is still, and returns it.
  func settled() throws -> String {
    var last = try screen
    return try waitFor("a still screen") { now in
      defer {
        last = now
        usleep(100_000)
      }
      return now == last
    }
  }

  var isOnAlternateScreen: Bool {
    get throws { try tmux(["display-message", "-p", "#{alternate_on}"]).hasPrefix("1") }
  }

  /// Waits until the screen is as expected; fails the test after a timeout.
  @discardableResult
  func waitFor(_ what: String, _ expected: (String) -> Bool) throws -> String {
    var last = ""
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
      last = try screen
      if expected(last) { return last }
      usleep(20_000)
    }
    Issue.record("never saw \(what); the screen was:\n\(last)")
    throw NeverSeen()
  }

  struct NeverSeen: Error {}

  @discardableResult
  private func tmux(_ arguments: [String]) throws -> String {
    // Without a locale, tmux would draw everything except ASCII as underscores.
    try Subprocess(
      "/usr/bin/env", ["tmux", "-u", "-S", socket] + arguments, environment: ["LC_ALL": "C.UTF-8"], directory: folder
    ).runChecked()
  }

  /// The path of the program, next to the tests.
  static let program: String = {
    let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? folder
    return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("aloha-wizard").path
  }()
}

private enum ShellQuote {
  static func quoted(_ word: String) -> String { "'\(word)'" }
}
