import Common
import Foundation
import Testing

/// A real terminal with a shell that can start the probe: a tmux server on a private socket, which is stopped when this
/// object is released.
final class TmuxSession {
  private let folder: String
  private let socket: String

  /// - Parameter environment: the shell's variables, in addition to `PATH` and a prompt.
  init(columns: Int = 80, rows: Int = 24, environment: [String: String] = [:]) throws {
    folder = "\(NSTemporaryDirectory())/aloha-terminal-\(RandomText.alphanumeric(10))"
    try FileSystem.makeFolder(folder)
    socket = "\(folder)/tmux"
    var variables = ["TERM": "xterm-256color", "LANG": "C.UTF-8", "HOME": folder]
    variables.merge(environment) { _, new in new }
    let assignments = variables.filter { !$0.value.isEmpty || environment[$0.key] == nil }
      .map { "\($0.key)='\($0.value)'" }.sorted()
    try tmux([
      "-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)",
      "env -i PATH='\(Self.path)' PS1='$ ' \(assignments.joined(separator: " ")) sh",
    ])
    try waitForPrompt()
  }

  deinit {
    kill()
    try? FileSystem.removeTree(folder)
  }

  /// Closes the terminal of all programs in it.
  func kill() { _ = try? tmux(["kill-server"]) }

  // MARK: Input

  /// Types a command line and Enter.
  func run(_ command: String) throws {
    try tmux(["send-keys", "-l", command])
    try tmux(["send-keys", "Enter"])
  }

  /// Starts the probe and waits for its screen.
  func runProbe(_ arguments: String = "", prefix: String = "") throws {
    try run("\(prefix) \(Self.probePath) \(arguments)")
    try waitFor("the probe's screen") { $0.contains("Terminal probe") && $0.contains("events 0.") }
  }

  /// Presses keys, by tmux's names: `a`, `Up`, `C-c`, `Escape`.
  func press(_ keys: String...) throws {
    try tmux(["send-keys"] + keys)
  }

  /// Sends bytes unchanged.
  func send(bytes: [UInt8]) throws {
    try tmux(["send-keys", "-H"] + bytes.map { String($0, radix: 16) })
  }

  /// Pastes text, with bracketed paste if the program has requested it.
  func paste(_ text: String) throws {
    try tmux(["set-buffer", text])
    try tmux(["paste-buffer", "-p"])
  }

  /// Pastes bytes.
  ///
  /// - Parameter marked: with the marks of a bracketed paste, if the program has requested them.
  func paste(bytes: [UInt8], marked: Bool) throws {
    try FileSystem.replace("\(folder)/paste", with: bytes)
    try tmux(["load-buffer", "\(folder)/paste"])
    try tmux(["paste-buffer", "-r"] + (marked ? ["-p"] : []))
  }

  func resize(columns: Int, rows: Int) throws {
    try tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
  }

  /// Sends a signal to the probe.
  func signal(_ name: String) throws {
    let processes = try Subprocess("/usr/bin/env", ["pgrep", "-P", format("#{pane_pid}")]).runChecked()
    let pid = try #require(processes.split(separator: "\n").first)
    try Subprocess("/usr/bin/env", ["kill", "-\(name)", String(pid)]).runChecked()
  }

  // MARK: Output

  var screen: String { get throws { try tmux(["capture-pane", "-p"]) } }

  /// The screen with the escape sequences of colours and attributes.
  var colored: String { get throws { try tmux(["capture-pane", "-p", "-e"]) } }

  func format(_ text: String) throws -> String {
    try tmux(["display-message", "-p", text]).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Records all further bytes that are sent to the terminal.
  func record() throws { try tmux(["pipe-pane", "-o", "cat > '\(folder)/recorded'"]) }

  func recorded() throws -> String {
    try tmux(["pipe-pane"])
    return String(decoding: try FileSystem.read("\(folder)/recorded"), as: UTF8.self)
  }

  /// Waits until the screen is as expected; fails the test after a timeout.
  @discardableResult
  func waitFor(_ what: String, _ expected: (String) throws -> Bool) throws -> String {
    var last = ""
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
      last = try screen
      if try expected(last) { return last }
      usleep(20_000)
    }
    Issue.record("never saw \(what); the screen was:\n\(last)")
    throw NeverSeen()
  }

  struct NeverSeen: Error {}

  /// Waits until the shell reads input: earlier input may be discarded.
  @discardableResult
  func waitForPrompt() throws -> String {
    try waitFor("a prompt") { $0.split(separator: "\n").last?.trimmingCharacters(in: .whitespaces) == "$" }
  }

  /// Waits for the shell, and checks that it is on the normal screen with normal terminal modes.
  func expectCleanTerminal(sourceLocation: SourceLocation = #_sourceLocation) throws {
    try waitForPrompt()
    try run("stty -a; echo back-$((40+2))")
    let text = try waitFor("the shell") { $0.contains("back-42") }
    let words = Set(text.split { $0 == " " || $0 == "\n" || $0 == ";" }.map(String.init))
    for mode in ["echo", "icanon", "isig", "icrnl", "opost", "ixon"] {
      #expect(words.contains(mode), "\(mode) is off", sourceLocation: sourceLocation)
    }
    #expect(try format("#{alternate_on}") == "0", "still on the alternate screen", sourceLocation: sourceLocation)
    #expect(try format("#{cursor_flag}") == "1", "the cursor is hidden", sourceLocation: sourceLocation)
    #expect(try format("#{keypad_flag}") == "0", "the keypad is still ours", sourceLocation: sourceLocation)
    try run("cat > paste.txt")
    try paste("marked?")
    try press("Enter", "C-d")
    try run("cat -v paste.txt; echo pasted-$((40+2))")
    let pasted = try waitFor("the pasted text") { $0.contains("pasted-42") }
    #expect(!pasted.contains("200~"), "pastes are still marked", sourceLocation: sourceLocation)
    #expect(!text.contains("Terminal probe"), "the picture was left behind", sourceLocation: sourceLocation)
  }

  @discardableResult
  private func tmux(_ arguments: [String]) throws -> String {
    // Without a locale, tmux would draw everything except ASCII as underscores.
    try Subprocess(
      "/usr/bin/env", ["tmux", "-u", "-S", socket] + arguments, environment: ["LC_ALL": "C.UTF-8"], directory: folder
    ).runChecked()
  }

  private static let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"

  /// The path of the probe, next to the tests.
  static let probePath: String = {
    let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? folder
    return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("terminal-probe").path
  }()
}
