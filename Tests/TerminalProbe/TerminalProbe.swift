import Common
import Foundation
import Glibc
import Terminal

/// A program for tests on a real terminal: draws a screen, shows each key that it receives, and crashes in the
/// requested way. `--showcase` shows all elements of a screen.
///
///     terminal-probe [--ascii] [--no-color] [--theme NAME] [--showcase] [--ask] [--ask-afresh]
///                    [--crash trap|segv|abort|overflow|worker|worker-trap|worker-overflow]
@main
struct TerminalProbe {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    let capabilities = Capabilities.current(
      preferences: .init(
        linear: arguments.contains("--linear"), ascii: arguments.contains("--ascii"),
        noColor: arguments.contains("--no-color")))
    if arguments.contains("--ask") { return ask(LineTerminal(capabilities: capabilities)) }
    if arguments.contains("--ask-afresh") { return askAfresh(LineTerminal(capabilities: capabilities)) }
    if let reason = capabilities.linearReason {
      print("linear: \(reason)")
      return
    }
    do {
      let theme = try ThemeLibrary.current().theme(value(after: "--theme", in: arguments))
      let screen = try Screen(capabilities: capabilities, theme: theme)
      var probe = Probe(
        screen: screen, crash: value(after: "--crash", in: arguments) ?? "trap",
        showcase: arguments.contains("--showcase"))
      let outcome = probe.run()
      screen.close()
      print("probe: \(outcome)")
    } catch {
      print("probe: \(error)")
      exit(64)
    }
  }

  private static func ask(_ terminal: LineTerminal) {
    let name = terminal.ask("Zürich or 漢字?")
    let password = terminal.ask("Password?", hidden: true)
    terminal.say("name \(name)\npassword \(password)")
  }

  /// Works for a second, and then asks a question that ignores earlier input.
  private static func askAfresh(_ terminal: LineTerminal) {
    terminal.say("Working")
    sleep(1)
    terminal.say("answer \(terminal.askAfresh("Really?"))")
  }

  private static func value(after flag: String, in arguments: [String]) -> String? {
    guard let place = arguments.firstIndex(of: flag), place + 1 < arguments.count else { return nil }
    return arguments[place + 1]
  }
}

private struct Probe {
  let screen: Screen
  let crash: String
  let showcase: Bool
  private let mailbox: Mailbox<String>
  private var log: [String] = []

  init(screen: Screen, crash: String, showcase: Bool) {
    self.screen = screen
    self.crash = crash
    self.showcase = showcase
    mailbox = Mailbox(wakeUp: screen.wakeUp)
  }

  mutating func run() -> String {
    while true {
      screen.present(showcase ? Showcase.draw(screen.newFrame()) : draw())
      switch screen.nextEvent() {
      case .key(.character("q"))?: return "quit"
      case .key(.character("c"))?: die()
      case .key(.character("e"))?: FileHandle.standardError.write(Data("said on standard error\n".utf8))
      case .key(.character("m"))?: postFromThread()
      case .key(.character("t"))?: screen.title = screen.title == nil ? "probing \u{1B}]2;évil\u{7}" : nil
      case .key(.character("b"))?: screen.ring()
      case .key(.control("z"))?: screen.suspend()
      case .key(.control("l"))?: screen.redraw()
      case .key(.paste(let text))?: log.append("paste \(text.debugDescription)")
      case .key(let key)?: log.append("key \(key)")
      case .resized(let size)?: log.append("resized \(size.columns)x\(size.rows)")
      case .wake?: log += mailbox.take().map { "mail \($0)" }
      case .hangup(let reason)?: return "hangup \(reason)"
      case nil: break
      }
    }
  }

  private func draw() -> Frame {
    var frame = screen.newFrame()
    let glyphs = frame.glyphs
    let inside = frame.box(frame.bounds, title: "Terminal probe", role: .border)
    frame.put("size \(frame.size.columns)x\(frame.size.rows)  depth \(screen.depth)", at: inside.origin, role: .text)
    frame.put(
      "Zürich 漢字 naïve \(glyphs.done)\(glyphs.failed)\(glyphs.arrowRight) e\u{301}|",
      at: Point(column: inside.column, row: inside.row + 1), role: .accent)
    frame.put("error", at: Point(column: inside.column, row: inside.row + 2), role: .error)
    frame.put("focus", at: Point(column: inside.column + 8, row: inside.row + 2), role: .focus)
    for (offset, line) in log.suffix(10).enumerated() {
      frame.put(line, at: Point(column: inside.column, row: inside.row + 4 + offset), role: .text)
    }
    frame.put("events \(log.count).", at: Point(column: inside.column, row: inside.endRow - 1), role: .muted)
    frame.cursor = Frame.Cursor(Point(column: 10, row: 3), visible: false)
    return frame
  }

  private func postFromThread() {
    let mailbox = mailbox
    Thread.detachNewThread { mailbox.post("from a thread") }
  }

  private func die() {
    switch crash {
    case "segv": UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = 1
    case "abort": abort()
    case "overflow": print(Self.deeper(0))
    case "worker":
      Thread.detachNewThread { Self.trap() }
      while true { pause() }
    case "worker-trap", "worker-overflow":
      let overflows = crash == "worker-overflow"
      _ = try? WorkerThread { if overflows { print(Self.deeper(0)) } else { Self.trap() } }
      while true { pause() }
    default: Self.trap()
    }
  }

  /// Recurses infinitely, in a way that the compiler cannot detect.
  private static func deeper(_ level: Int) -> Int {
    getpid() == 0 ? level : deeper(level + 1) + deeper(level + 2)
  }

  private static func trap() {
    let none: [Int] = []
    // An index out of range, in a way that the optimizer cannot detect.
    print(none[Int(getpid())])
  }
}
