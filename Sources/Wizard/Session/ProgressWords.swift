import Common
import Operations

/// Amounts and times of a running operation in words, for all renderers.
enum ProgressWords {
  static func count(_ number: Int64, _ unit: ProgressEvent.Unit) -> String {
    switch unit {
    case .bytes: Amount.bytes(number)
    case .rows: Amount.of(number, "row")
    case .messages: Amount.of(number, "message")
    case .files: Amount.of(number, "file")
    case .steps: Amount.of(number, "step")
    }
  }

  /// Returns for example "4,000 of 12,480 messages"; empty without amounts.
  static func done(_ phase: RunState.Phase) -> String {
    guard let total = phase.total else { return phase.done > 0 ? count(phase.done, phase.unit) : "" }
    return phase.unit == .bytes
      ? "\(Amount.bytes(phase.done)) of \(Amount.bytes(total))"
      : "\(Amount.count(phase.done)) of \(count(total, phase.unit))"
  }
}
