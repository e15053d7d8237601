/// Formats the remaining time of an operation.
enum TimeLeft {
  /// Returns the time with the precision of an estimate.
  static func about(seconds: Double) -> String {
    guard seconds.isFinite, seconds < 86_400 * 30 else { return "a very long time left" }
    let whole = Int(seconds.rounded(.up))
    switch whole {
    case ..<10: return "a few seconds left"
    case ..<55: return "about \((whole + 4) / 5 * 5) s left"
    case ..<3300: return "about \(max(1, (whole + 30) / 60)) min left"
    default:
      let (hours, minutes) = ((whole + 150) / 300 * 5).quotientAndRemainder(dividingBy: 60)
      return minutes == 0 ? "about \(hours) h left" : "about \(hours) h \(minutes) min left"
    }
  }
}
