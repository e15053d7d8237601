import Common
import Glibc

/// A program on a pseudo-terminal: sends keys and measures the time of responses. It is killed when this object is
/// released.
final class TerminalProgram {
  private let terminal: Int32
  private let process: pid_t

  // Constants of C headers that Swift does not import: TIOCSPTLCK, TIOCGPTN, POSIX_SPAWN_SETSID.
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430
  private static let ownSession: Int16 = 0x80

  init(_ program: String, _ arguments: [String], columns: UInt16 = 80, rows: UInt16 = 24) throws {
    terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var lock: Int32 = 0
    var number: Int32 = 0
    guard terminal >= 0, ioctl(terminal, Self.setLock, &lock) == 0, ioctl(terminal, Self.getNumber, &number) == 0
    else { throw PlainFailure.system("a terminal", "cannot be made", errno: errno) }
    let other = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard other >= 0 else { throw PlainFailure.system("a terminal", "cannot be opened", errno: errno) }
    defer { close(other) }
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor in 0...2 { posix_spawn_file_actions_adddup2(&actions, other, Int32(descriptor)) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Self.ownSession)
    let words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    let variables = ["PATH=/usr/bin:/bin", "HOME=/nonexistent", "LANG=C.UTF-8", "TERM=xterm-256color"]
    let environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
    defer { (words + environment).forEach { free($0) } }
    var child = pid_t()
    let code = posix_spawn(&child, program, &actions, &attributes, words, environment)
    guard code == 0 else { throw PlainFailure.system(program, "cannot be started", errno: code) }
    process = child
  }

  deinit {
    kill(process, SIGKILL)
    waitpid(process, nil, 0)
    close(terminal)
  }

  // MARK: Keys and responses

  struct Response {
    var bytes: [UInt8] = []
    /// The time until the last byte, in milliseconds.
    var milliseconds = 0.0

    func contains(_ text: String) -> Bool { String(decoding: bytes, as: UTF8.self).contains(text) }
  }

  func press(_ keys: String) {
    var bytes = Array(keys.utf8)
    _ = write(terminal, &bytes, bytes.count)
  }

  /// Collects output from now on: from the first byte until there was none for `quiet` milliseconds.
  ///
  /// - Parameters:
  ///   - sign: a text that the output must contain before it can end.
  ///   - patience: the maximum time, counted from `since`.
  ///   - since: the start of the measurement.
  func response(
    containing sign: String? = nil, quiet: Int32 = 25, patience: Duration = .seconds(5),
    since: ContinuousClock.Instant = .now
  ) -> Response {
    var response = Response()
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while ContinuousClock.now - since < patience {
      let isComplete = !response.bytes.isEmpty && sign.map(response.contains) ?? true
      var source = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
      guard poll(&source, 1, isComplete ? quiet : 100) > 0 else {
        if isComplete { break }
        continue
      }
      let count = read(terminal, &chunk, chunk.count)
      guard count > 0 else { break }
      response.bytes += chunk[..<count]
      response.milliseconds = (ContinuousClock.now - since).milliseconds
    }
    return response
  }

  /// Presses a key and measures the time until the next frame is complete.
  func answer(to keys: String, containing sign: String? = nil, quiet: Int32 = 25) -> Response {
    let start = ContinuousClock.now
    press(keys)
    return response(containing: sign, quiet: quiet, since: start)
  }

  /// Redraws the screen and returns its text, without escape sequences.
  func screen() -> String {
    press("\u{0C}")
    let bytes = response(quiet: 60, patience: .seconds(3)).bytes
    var text = ""
    var rest = String(decoding: bytes, as: UTF8.self)[...]
    while let character = rest.popFirst() {
      guard character == "\u{1B}" else {
        text.append(character)
        continue
      }
      let isLong = rest.first == "["
      rest = rest.dropFirst()
      if isLong { rest = rest.drop { !$0.isLetter }.dropFirst() }
      text.append(" ")
    }
    return text
  }

  // MARK: Cost

  /// The processor time of all threads so far, in seconds.
  var processorSeconds: Double {
    let threads = (try? FileSystem.names(in: "/proc/\(process)/task")) ?? []
    return threads.reduce(0) { sum, thread in
      let bytes = (try? FileSystem.read("/proc/\(process)/task/\(thread)/schedstat")) ?? []
      let first = String(decoding: bytes, as: UTF8.self).split(separator: " ").first
      return sum + (first.flatMap { Double($0) } ?? 0) / 1e9
    }
  }
}

extension Duration {
  var milliseconds: Double { Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15 }
}
