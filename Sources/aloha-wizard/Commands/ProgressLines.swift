import Common
import Glibc
import Operations
import Synchronization

/// Shows progress as lines: one at the start of a long phase, and one at its end. On a terminal the line of the running
/// phase is updated; elsewhere no line is repeated.
final class ProgressLines: Sendable {
  private struct State {
    var title = ""
    var started = ContinuousClock.now
    var done: Int64 = 0
    var total: Int64?
    var unit = ProgressEvent.Unit.steps
    var isCounting = false
    var lastLine: ContinuousClock.Instant?
  }

  private let state = Mutex(State())
  private let repaints: Bool

  init() {
    let term = getenv("TERM").map { String(cString: $0) } ?? ""
    let accessible = getenv("ACCESSIBLE").map { String(cString: $0) } ?? ""
    repaints = isatty(2) == 1 && !["", "dumb"].contains(term) && ["", "0"].contains(accessible)
  }

  func show(_ event: ProgressEvent) {
    state.withLock { state in
      switch event {
      case .phaseStarted(_, let title, let total, let unit):
        state = State(title: title, total: total, unit: unit)
        state.lastLine = .now
        if repaints { paint("\(title) …", &state) }
      case .advanced(_, let done, let total, let unit):
        state.done = done
        state.total = total
        state.unit = unit
        count(&state)
      case .phaseEnded:
        clear(&state)
        let seconds = Double((ContinuousClock.now - state.started).components.seconds)
        let time = seconds >= 1 ? " in \(Amount.duration(seconds: seconds))" : ""
        let amount = state.done > 0 && state.unit != .steps ? ": \(Self.amount(state.done, state.unit))" : ""
        StandardStream.error("\(state.title)\(amount)\(time)\n")
      case .note(let text): line("  \(SafeText.clean(text))", &state)
      case .warning(let text): line("  Warning: \(SafeText.clean(text))", &state)
      case .finished, .failed: clear(&state)
      }
    }
  }

  /// Clears the line on a terminal, however the operation ended.
  func end() { state.withLock { clear(&$0) } }

  private func count(_ state: inout State) {
    let text =
      state.total.map { total in
        total > 0
          ? "\(Self.amount(state.done, state.unit)) of \(Self.amount(total, state.unit)), \(state.done * 100 / total) %"
          : ""
      } ?? Self.amount(state.done, state.unit)
    if repaints {
      paint("\(state.title): \(text)", &state)
    } else if let last = state.lastLine, ContinuousClock.now - last > .seconds(30) {
      // A progress line for logs and screen readers.
      StandardStream.error("\(state.title): \(text)\n")
      state.lastLine = .now
    }
  }

  private func paint(_ text: String, _ state: inout State) {
    StandardStream.error("\r\u{1B}[K\(text)")
    state.isCounting = true
  }

  private func clear(_ state: inout State) {
    if state.isCounting { StandardStream.error("\r\u{1B}[K") }
    state.isCounting = false
  }

  private func line(_ text: String, _ state: inout State) {
    clear(&state)
    StandardStream.error(text + "\n")
  }

  static func amount(_ number: Int64, _ unit: ProgressEvent.Unit) -> String {
    unit == .bytes ? Amount.bytes(number) : "\(Amount.count(number)) \(unit.rawValue)"
  }
}
