import CCurses
import Common
import Glibc

/// The terminal as a full screen. There is one in a process, on its main thread.
///
/// It draws frames, reads keys, and hears working threads. Whatever ends the process, the terminal is as it was before.
/// What is written to standard error meanwhile appears after the screen is left.
///
/// ```swift
/// let screen = try Screen(capabilities: .current(), theme: ThemeLibrary.current().theme())
/// defer { screen.close() }
/// while true {
///   screen.present(frame)
///   switch screen.nextEvent() { … }
/// }
/// ```
public final class Screen {
  /// Used by other threads; ``nextEvent(timeout:)`` then returns ``Event/wake``.
  public let wakeUp: WakeUp
  public let capabilities: Capabilities
  public private(set) var theme: Theme
  /// The available colour depth.
  public let depth: ColorDepth

  private var keys = KeyReader()
  private var isOpen = true
  private var hangup: Hangup?
  /// The last presented frame, for sending only changes.
  private var shown: Frame?

  /// The time within which the rest of an escape sequence must arrive, in milliseconds; slow lines need more.
  private static let escapeDelay: Int32 = 100
  private static let escapeDelayOverNetwork: Int32 = 150
  /// Terminal types that every system knows, for unknown ones.
  private static let fallbackTerminals = ["xterm-256color", "xterm", "vt100"]

  /// Opens the screen on standard input and output.
  ///
  /// - Throws: `.usage` if the terminal cannot show a screen; the remedy is the linear mode.
  public init(capabilities: Capabilities, theme: Theme, wakeUp: WakeUp? = nil) throws {
    self.capabilities = capabilities
    self.theme = theme
    self.wakeUp = try wakeUp ?? WakeUp()
    let environment = currentEnvironment()
    let terminal = environment["TERM"] ?? ""
    try Self.open(
      [terminal] + Self.fallbackTerminals,
      escapeDelay: environment["SSH_CONNECTION"] == nil ? Self.escapeDelay : Self.escapeDelayOverNetwork,
      utf8: capabilities.showsUnicode)
    depth = min(capabilities.colors, ColorDepth(colors: Int(ccurses_colours())))
    wear(theme)
  }

  deinit { close() }

  /// Leaves the screen. Repeated calls have no effect.
  public func close() {
    guard isOpen else { return }
    isOpen = false
    ccurses_close()
  }

  public var size: Size { Size(columns: Int(ccurses_columns()), rows: Int(ccurses_rows())) }

  /// Returns an empty frame of the screen's size with the terminal's glyphs.
  public func newFrame() -> Frame { Frame(size: size, glyphs: capabilities.glyphs) }

  /// Changes the theme for the next frame.
  public func wear(_ theme: Theme) {
    self.theme = theme
    shown = nil
    for (index, role) in Role.allCases.enumerated() {
      let look = theme.appearance(of: role, depth: isPlain ? .mono : depth)
      ccurses_define_style(
        Int32(index), Int32(look.foreground), Int32(look.background), look.attributes.rawValue)
    }
  }

  /// Shows a frame by sending the changes. A frame of another size is clipped or filled up.
  public func present(_ frame: Frame) {
    guard isOpen, hangup == nil else { return }
    let size = size
    frame.forEachCell(changedFrom: shown) { point, text, columns, role in
      guard point.row < size.rows, point.column + columns <= size.columns else { return }
      put(text, columns: columns, at: point, role: role)
    }
    if shown?.size != frame.size { fillBeyond(frame.size, size) }
    shown = frame
    let cursor = frame.cursor.flatMap { Rect(size).contains($0.point) ? $0 : nil }
    ccurses_show(
      Int32(cursor?.point.row ?? 0), Int32(cursor?.point.column ?? 0), cursor?.visible == true ? 1 : 0)
  }

  /// Whether to show monochrome ASCII with any theme.
  public var isPlain = false {
    didSet { if isPlain != oldValue { wear(theme) } }
  }

  /// The window title while the screen is open; nil for the default. Ignored if the terminal does not support it.
  public var title: String? {
    didSet {
      guard title != oldValue, capabilities.setsTitle, isOpen, hangup == nil else { return }
      let clean = SafeText.clean(title ?? "", limit: .title)
      let bytes = Array((capabilities.showsUnicode ? clean : Glyphs.asciiOnly(clean)).utf8CString.dropLast())
      ccurses_title(bytes, Int32(bytes.count))
    }
  }

  /// Rings the terminal's bell, unless it is disabled.
  public func ring() {
    if capabilities.rings, isOpen, hangup == nil { ccurses_bell() }
  }

  /// Draws the next frame completely, after other output on the terminal.
  public func redraw() { ccurses_forget() }

  /// Suspends the program like Ctrl-Z, and restores the screen when it continues. The next frame must be presented like
  /// after ``Event/resized(_:)``.
  public func suspend() {
    guard isOpen, hangup == nil else { return }
    ccurses_suspend()
    shown = nil
  }

  /// Lends the terminal to another program, which finds the normal screen, and takes it back. The next frame must be
  /// presented like after ``Event/resized(_:)``.
  public func lend(_ body: () -> Void) {
    guard isOpen, hangup == nil else { return body() }
    ccurses_leave()
    body()
    ccurses_return()
    shown = nil
  }

  /// Waits for the next event.
  ///
  /// - Parameter timeout: nil waits forever; zero only checks.
  /// - Returns: nil after the timeout.
  public func nextEvent(timeout: Duration? = nil) -> Event? {
    guard isOpen else { return .hangup(.terminalGone) }
    let deadline = timeout.map { ContinuousClock.now + $0 }
    while true {
      if let event = happened() { return event }
      wait(until: [deadline, keys.deadline].compactMap { $0 }.min())
      if let deadline, ContinuousClock.now >= deadline { return happened() }
    }
  }

  // MARK: Events

  /// Returns pending events: signals, other threads, and further keys.
  private func happened() -> Event? {
    if let hangup { return .hangup(hangup) }
    let signals = ccurses_take_signals()
    if signals & CCURSES_SIGNAL_ENDED != 0 {
      let signal = ccurses_ending_signal()
      return end(signal == SIGHUP ? .terminalGone : .signal(signal))
    }
    if signals & CCURSES_SIGNAL_STOPPED != 0 {
      ccurses_suspend()
      return resized()
    }
    // The process was stopped by another one: the shell has used the terminal.
    if signals & CCURSES_SIGNAL_CONTINUED != 0 {
      ccurses_leave()
      ccurses_return()
      return resized()
    }
    if ccurses_follow_size() != 0 { return resized() }
    // Keys precede messages, so that many messages do not block the operator.
    switch readKey() {
    case .key(let key): return .key(key)
    case .gone: return end(.terminalGone)
    case .nothing: return wakeUp.hear() ? .wake : nil
    }
  }

  private func readKey() -> KeyReader.Reading {
    var terminal = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    let readable = poll(&terminal, 1, 0) > 0
    // The rest of a multi-byte character can still arrive.
    return keys.next(wait: readable ? 50 : 0)
  }

  private func resized() -> Event {
    shown = nil
    return .resized(size)
  }

  private func wait(until deadline: ContinuousClock.Instant?) {
    var sources = [STDIN_FILENO, wakeUp.descriptor, ccurses_signal_descriptor()].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    poll(&sources, nfds_t(sources.count), Self.milliseconds(until: deadline))
  }

  private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
    guard let deadline else { return -1 }
    let left = deadline - ContinuousClock.now
    guard left > .zero else { return 0 }
    // Rounded up: waking too early would only repeat the wait.
    let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1
    return Int32(clamping: milliseconds)
  }

  private func end(_ reason: Hangup) -> Event {
    hangup = reason
    return .hangup(reason)
  }

  // MARK: Drawing

  private func put(_ text: String, columns: Int, at point: Point, role: Role) {
    guard isPlain || !capabilities.showsUnicode, !text.utf8.allSatisfy({ $0 < 0x80 }) else {
      return put(scalars: text.unicodeScalars.map(\.value), at: point, role: role)
    }
    let plain = Glyphs.asciiCell(TextCell(text: text, columns: columns))
    for (offset, scalar) in plain.unicodeScalars.enumerated() {
      put(scalars: [scalar.value], at: Point(column: point.column + offset, row: point.row), role: role)
    }
  }

  private func put(scalars: [UInt32], at point: Point, role: Role) {
    ccurses_put(Int32(point.row), Int32(point.column), scalars, Int32(scalars.count), Self.styles[role] ?? 0)
  }

  private func fillBeyond(_ drawn: Size, _ size: Size) {
    guard drawn.columns < size.columns || drawn.rows < size.rows else { return }
    for row in 0..<size.rows {
      for column in (row < drawn.rows ? min(drawn.columns, size.columns) : 0)..<size.columns {
        put(scalars: [], at: Point(column: column, row: row), role: .background)
      }
    }
  }

  private static let styles: [Role: Int32] = Dictionary(
    uniqueKeysWithValues: Role.allCases.enumerated().map { ($1, Int32($0)) })

  // MARK: Opening

  private static func open(_ terminals: [String], escapeDelay: Int32, utf8: Bool) throws {
    let names = terminals.filter { !$0.isEmpty }.map { strdup($0) }
    defer { names.forEach { free($0) } }
    let result = names.map { UnsafePointer($0) }.withUnsafeBufferPointer {
      ccurses_open($0.baseAddress, Int32($0.count), escapeDelay, utf8 ? 1 : 0)
    }
    let reason: String
    switch result {
    case CCURSES_OPENED: return
    case CCURSES_ALREADY_OPEN: reason = "is in use by another screen of this program"
    case CCURSES_NOT_MAIN_THREAD: reason = "can only be opened from the main thread"
    case CCURSES_NO_CURSOR_ADDRESSING: reason = "cannot place its cursor"
    case CCURSES_UNKNOWN_TERMINAL: reason = "is of a kind that this system does not know"
    default: throw PlainFailure.system("the terminal", "cannot be opened", errno: errno, family: .usage)
    }
    throw PlainFailure(
      .usage, "the terminal \(SafeText.clean(terminals.first ?? "", limit: .short))", reason,
      remedy: "use --linear, which needs no screen")
  }
}
