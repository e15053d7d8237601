import Glibc

/// Formats and parses times, in UTC.
public enum Timestamp {
  /// The last second of the year 9999, in seconds since 1970. Later values are not times of files or backups.
  public static let lastSecond: Int64 = 253_402_300_799

  /// Returns for example "2026-11-23T08:03:05.000000+00:00" for microseconds since 1970; years before 1 in PostgreSQL's
  /// format with " BC".
  public static func iso(microseconds: Int64) -> String {
    let parts = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    let isEarlier = parts.remainder < 0
    var seconds = time_t(isEarlier ? parts.quotient - 1 : parts.quotient)
    let fraction = isEarlier ? parts.remainder + 1_000_000 : parts.remainder
    var fields = tm()
    gmtime_r(&seconds, &fields)
    func pad(_ number: Int, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let year = Int(fields.tm_year) + 1900
    let date = "\(pad(year > 0 ? year : 1 - year, 4))-\(pad(Int(fields.tm_mon) + 1, 2))-\(pad(Int(fields.tm_mday), 2))"
    let time = "\(pad(Int(fields.tm_hour), 2)):\(pad(Int(fields.tm_min), 2)):\(pad(Int(fields.tm_sec), 2))"
    return "\(date)T\(time).\(pad(Int(fraction), 6))+00:00\(year > 0 ? "" : " BC")"
  }

  /// Parses "2026-11-23T08:03:05.123456+00:00", also with a space instead of the T, without a fraction, with "Z" or
  /// without a zone (UTC). Returns microseconds since 1970; nil for other texts and impossible dates.
  public static func microseconds(iso text: String) -> Int64? {
    guard text.utf8.count <= 64 else { return nil }
    let bytes = Array(text.utf8)
    /// Two or four digits.
    func number(_ start: Int, _ length: Int, upTo limit: Int) -> Int? {
      guard start + length <= bytes.count else { return nil }
      var number = 0
      for byte in bytes[start..<start + length] {
        guard byte >= 0x30, byte <= 0x39 else { return nil }
        number = number * 10 + Int(byte - 0x30)
      }
      return number <= limit ? number : nil
    }
    guard bytes.count >= 19, bytes[4] == 0x2D, bytes[7] == 0x2D, bytes[13] == 0x3A, bytes[16] == 0x3A,
      bytes[10] == 0x54 || bytes[10] == 0x74 || bytes[10] == 0x20,
      let year = number(0, 4, upTo: 9999), let month = number(5, 2, upTo: 12), let day = number(8, 2, upTo: 31),
      let hour = number(11, 2, upTo: 23), let minute = number(14, 2, upTo: 59), let second = number(17, 2, upTo: 60)
    else { return nil }
    var fields = tm()
    fields.tm_year = Int32(year) - 1900
    fields.tm_mon = Int32(month) - 1
    fields.tm_mday = Int32(day)
    fields.tm_hour = Int32(hour)
    fields.tm_min = Int32(minute)
    fields.tm_sec = Int32(second)
    var result = Int64(timegm(&fields)) * 1_000_000
    // An impossible day was converted to one of the next month.
    guard year > 0, Int(fields.tm_mon) + 1 == month || second == 60 else { return nil }
    var index = 19
    if index < bytes.count, bytes[index] == 0x2E {
      index += 1
      var unit: Int64 = 100_000
      let first = index
      while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 {
        result += Int64(bytes[index] - 0x30) * unit
        unit /= 10
        index += 1
      }
      guard index > first else { return nil }
    }
    guard index < bytes.count else { return result }
    if bytes[index] == 0x5A || bytes[index] == 0x7A { return index + 1 == bytes.count ? result : nil }
    guard bytes[index] == 0x2B || bytes[index] == 0x2D, let hours = number(index + 1, 2, upTo: 15) else { return nil }
    let sign: Int64 = bytes[index] == 0x2B ? -1 : 1
    var minutes = 0
    index += 3
    if index < bytes.count {
      if bytes[index] == 0x3A { index += 1 }
      guard index + 2 == bytes.count, let some = number(index, 2, upTo: 59) else { return nil }
      minutes = some
    }
    return result + sign * Int64(hours * 60 + minutes) * 60_000_000
  }

  /// Returns a time for operators, in UTC and to the minute: "2026-03-20 17:45".
  public static func minutes(microseconds: Int64) -> String { spaced(iso(microseconds: microseconds).prefix(16)) }

  /// Returns a time in ISO format for operators, in UTC and to the second: "2026-03-20 17:45:03".
  public static func seconds(iso text: String) -> String { spaced(text.prefix(19)) }

  private static func spaced(_ text: Substring) -> String { String(text.map { $0 == "T" ? " " : $0 }) }

  /// Returns the current time, in microseconds since 1970.
  public static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
