import Glibc

/// Moments as text, in UTC.
public enum Moment {
  /// "2026-11-23T08:03:05.000000+00:00", from microseconds since 1970.
  public static func iso(microseconds: Int64) -> String {
    var seconds = time_t(microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000)
    let fraction = microseconds - Int64(seconds) * 1_000_000
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func pad(_ number: Int, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date = "\(pad(Int(parts.tm_year) + 1900, 4))-\(pad(Int(parts.tm_mon) + 1, 2))-\(pad(Int(parts.tm_mday), 2))"
    let time = "\(pad(Int(parts.tm_hour), 2)):\(pad(Int(parts.tm_min), 2)):\(pad(Int(parts.tm_sec), 2))"
    return "\(date)T\(time).\(pad(Int(fraction), 6))+00:00"
  }

  /// Microseconds since 1970 from "2026-11-23T08:03:05.123456+00:00" or the like; nil for anything else.
  public static func microseconds(iso text: String) -> Int64? {
    let bytes = Array(text.utf8)
    func number(_ start: Int, _ length: Int) -> Int32? {
      guard start + length <= bytes.count else { return nil }
      return Int32(String(decoding: bytes[start..<start + length], as: UTF8.self))
    }
    guard bytes.count >= 19, let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
      let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2)
    else { return nil }
    var parts = tm()
    parts.tm_year = year - 1900
    parts.tm_mon = month - 1
    parts.tm_mday = day
    parts.tm_hour = hour
    parts.tm_min = minute
    parts.tm_sec = second
    var result = Int64(timegm(&parts)) * 1_000_000
    var index = 19
    if index < bytes.count, bytes[index] == 0x2E {
      index += 1
      var unit: Int64 = 100_000
      while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 {
        result += Int64(bytes[index] - 0x30) * unit
        unit /= 10
        index += 1
      }
    }
    guard index < bytes.count, bytes[index] == 0x2B || bytes[index] == 0x2D else { return result }
    let sign: Int64 = bytes[index] == 0x2B ? -1 : 1
    let hours = number(index + 1, 2) ?? 0
    let minutes = number(index + (index + 3 < bytes.count && bytes[index + 3] == 0x3A ? 4 : 3), 2) ?? 0
    return result + sign * Int64(hours * 60 + minutes) * 60_000_000
  }

  /// Now, in microseconds since 1970.
  public static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
