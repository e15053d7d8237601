/// A point in time in 1970 or later, in microseconds since 1970-01-01 00:00 UTC.
struct SampleTime: Sendable, Comparable {
  let microseconds: Int64

  static let minute: Int64 = 60_000_000
  static let hour = 60 * minute
  static let day = 24 * hour

  init(microseconds: Int64) { self.microseconds = microseconds }

  /// Creates the start of a day of the proleptic Gregorian calendar.
  init(year: Int, month: Int, day: Int) {
    // Years are counted from March, so that a leap day is the last day of a year.
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    microseconds = Int64(era * 146_097 + dayOfEra - 719_468) * SampleTime.day
  }

  static func < (left: SampleTime, right: SampleTime) -> Bool { left.microseconds < right.microseconds }
  static func + (moment: SampleTime, span: Int64) -> SampleTime { SampleTime(microseconds: moment.microseconds + span) }
  static func - (moment: SampleTime, span: Int64) -> SampleTime { SampleTime(microseconds: moment.microseconds - span) }

  var seconds: Int { Int(microseconds / 1_000_000) }
  var startOfDay: SampleTime { SampleTime(microseconds: microseconds - microseconds % SampleTime.day) }

  /// The time in PostgreSQL's format: `2024-05-21 08:30:00.000000+00`.
  var text: String {
    let date = dateText
    let rest = microseconds % SampleTime.day
    let second = rest / 1_000_000
    return "\(date) \(pad(second / 3600, 2)):\(pad(second / 60 % 60, 2)):\(pad(second % 60, 2))"
      + ".\(pad(rest % 1_000_000, 6))+00"
  }

  var dateText: String {
    let days = Int(microseconds / SampleTime.day) + 719_468
    let era = days / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return "\(pad(Int64(year), 4))-\(pad(Int64(month), 2))-\(pad(Int64(day), 2))"
  }

  private func pad(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
