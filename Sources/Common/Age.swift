/// Formats the age of something for people.
public enum Age {
  /// Returns for example "2026-11-23 03:30 UTC, 7 h ago".
  public static func words(_ microseconds: Int64, now: Int64 = Timestamp.now()) -> String {
    let stamp = Timestamp.minutes(microseconds: microseconds)
    return "\(stamp) UTC, \(ago(microseconds, now: now))"
  }

  /// Returns for example "7 h ago" or "3 days ago".
  public static func ago(_ microseconds: Int64, now: Int64 = Timestamp.now()) -> String {
    let seconds = (now - microseconds) / 1_000_000
    return switch seconds {
    case ..<0: "in the future"
    case ..<90: "just now"
    case ..<5400: "\(seconds / 60) min ago"
    case ..<172_800: "\(seconds / 3600) h ago"
    default: "\(seconds / 86_400) days ago"
    }
  }
}
