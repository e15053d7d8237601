import Common
import Glibc

/// When a backup was made, and how reliable that time is.
struct BackupTime: Sendable, Equatable {
  enum Source: Sendable, Equatable {
    /// The backup's own statement, in UTC.
    case backup
    /// The time of the file that the server's own backup command writes before it dumps the database.
    case versionFile
    /// pg_dump's own clock, recorded without a time zone: interpreted in the zone of this machine.
    case dump
    /// The last modification of the dump's file; a copy can be much later than the dump.
    case file
  }

  /// In microseconds since 1970. As far as the source is right, the backup contains everything that was written before.
  let microseconds: Int64
  let source: Source

  /// Explains the uncertainty of the time to an operator; nil if there is none.
  var caution: String? {
    switch source {
    case .backup, .versionFile: nil
    case .dump: "the dump does not name the time zone of its clock; this machine's is assumed"
    case .file: "the dump does not say when it was made; the last change of its file is assumed, and a copy is later"
    }
  }
}

extension BackupHeader {
  /// When the backup was made, in microseconds since 1970; nil if nothing states it.
  var moment: Int64? { madeAt?.microseconds }

  /// When the backup was made, with the source of that time.
  var madeAt: BackupTime? {
    if let own = facts.flatMap({ Timestamp.microseconds(iso: $0.created) }) {
      return BackupTime(microseconds: own, source: .backup)
    }
    let dumped = dumpCreated.flatMap(LocalClock.microseconds)
    if let written = versionFileTime {
      // The time of a file copied without its timestamps is later than the dump, by more than time zones can differ.
      if let dumped, written - dumped > LocalClock.widestZone {
        return BackupTime(microseconds: dumped, source: .dump)
      }
      return BackupTime(microseconds: written, source: .versionFile)
    }
    guard let dumped else { return dumpFileTime.map { BackupTime(microseconds: $0, source: .file) } }
    return BackupTime(microseconds: LocalClock.corrected(dumped, notAfter: dumpFileTime), source: .dump)
  }

  /// The time that pg_dump recorded: "2026-11-23 03:30:00 CET", where the zone is that of the reading program.
  private var dumpCreated: String? { dump?.created ?? plain?.started }
}

/// Times without a zone, interpreted by the clock of this machine.
enum LocalClock {
  /// The largest difference between two time zones, in microseconds.
  static let widestZone: Int64 = 26 * 3600 * 1_000_000
  private static let quarter: Int64 = 15 * 60 * 1_000_000

  /// Returns the microseconds since 1970 for "2026-11-23 03:30:00"; the rest of the text is ignored. Nil for other
  /// texts.
  static func microseconds(_ text: String) -> Int64? {
    // Parsing it as UTC checks whether the time exists at all.
    guard let asUTC = Timestamp.microseconds(iso: String(text.prefix(19))) else { return nil }
    var seconds = time_t(asUTC / 1_000_000)
    var fields = tm()
    guard gmtime_r(&seconds, &fields) != nil else { return nil }
    fields.tm_isdst = -1
    let local = mktime(&fields)
    return local == -1 ? nil : Int64(local) * 1_000_000
  }

  /// Corrects a local time that appears to be later than an event after it: it is of a zone further east. Returns the
  /// latest possible time. Zones differ by quarters of an hour.
  static func corrected(_ moment: Int64, notAfter limit: Int64?) -> Int64 {
    guard let limit, moment > limit else { return moment }
    let (ahead, overflow) = moment.subtractingReportingOverflow(limit)
    guard !overflow, ahead <= widestZone else { return min(moment, limit) }
    return moment - (ahead + quarter - 1) / quarter * quarter
  }

  /// Returns the day and the time of day by this machine's clock: "today 14:02", "yesterday 23:10", "2026-11-20 09:15".
  static func words(_ microseconds: Int64, now: Int64) -> String {
    guard let then = fields(microseconds), let today = fields(now) else {
      return Timestamp.iso(microseconds: microseconds)
    }
    let time = "\(two(then.tm_hour)):\(two(then.tm_min))"
    // Noon of the day before is in that day, whatever daylight saving time does.
    var noon = today
    noon.tm_hour = 12
    noon.tm_mday -= 1
    noon.tm_isdst = -1
    let before = fields(Int64(mktime(&noon)) * 1_000_000)
    if isSameDay(then, today) { return "today \(time)" }
    if let before, isSameDay(then, before) { return "yesterday \(time)" }
    return "\(Int(then.tm_year) + 1900)-\(two(then.tm_mon + 1))-\(two(then.tm_mday)) \(time)"
  }

  /// Returns for example "31 minutes ago" or "3 days ago".
  static func ago(_ microseconds: Int64, now: Int64) -> String {
    let (difference, overflow) = now.subtractingReportingOverflow(microseconds)
    guard !overflow else { return "at an impossible time" }
    let seconds = difference / 1_000_000
    return switch seconds {
    case ..<(-60): "in the future by this machine's clock"
    case ..<60: "just now"
    case ..<7200: "\(Amount.of(seconds / 60, "minute")) ago"
    case ..<172_800: "\(Amount.of(seconds / 3600, "hour")) ago"
    default: "\(Amount.of(seconds / 86_400, "day")) ago"
    }
  }

  private static func fields(_ microseconds: Int64) -> tm? {
    var seconds = time_t(microseconds / 1_000_000)
    var fields = tm()
    return localtime_r(&seconds, &fields) == nil ? nil : fields
  }

  private static func isSameDay(_ one: tm, _ other: tm) -> Bool {
    one.tm_year == other.tm_year && one.tm_yday == other.tm_yday
  }

  private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension FileSystem {
  /// Returns the last modification of a file, in microseconds since 1970; nil if its status cannot be read.
  static func lastChange(_ path: String) -> Int64? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    let (microseconds, overflow) = Int64(status.st_mtim.tv_sec).multipliedReportingOverflow(by: 1_000_000)
    return overflow ? nil : microseconds
  }
}
