/// Formats numbers for people.
public enum Amount {
  /// Returns for example "1,461,328".
  public static func count(_ number: Int64) -> String {
    let digits = String(number.magnitude)
    var grouped = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { grouped.append(",") }
      grouped.append(digit)
    }
    return (number < 0 ? "-" : "") + grouped
  }

  /// Returns for example "3.4 MB", in powers of a thousand.
  public static func bytes(_ number: Int64) -> String {
    let units = ["kB", "MB", "GB", "TB"]
    guard number >= 1000 else { return "\(number) bytes" }
    var value = Double(number)
    var unit = "bytes"
    for next in units where value >= 1000 {
      value /= 1000
      unit = next
    }
    let tenths = Int64((value * 10).rounded())
    return tenths >= 1000 || tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
  }

  /// Returns for example "1 message" or "2 messages".
  public static func of(_ number: Int64, _ singular: String, _ plural: String? = nil) -> String {
    "\(count(number)) \(number == 1 ? singular : plural ?? singular + "s")"
  }

  /// Returns for example "45 s", "3 min 20 s" or "1 h 5 min".
  public static func duration(seconds: Double) -> String {
    // An estimate can be any number, even NaN.
    let whole = seconds.isFinite ? Int(min(max(seconds.rounded(), 0), 1e12)) : 0
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return whole % 60 == 0 ? "\(whole / 60) min" : "\(whole / 60) min \(whole % 60) s" }
    return (whole % 3600) / 60 == 0 ? "\(whole / 3600) h" : "\(whole / 3600) h \((whole % 3600) / 60) min"
  }
}
