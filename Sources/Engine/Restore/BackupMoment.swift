import Common
import Glibc

/// When a backup was made, and how reliably that is known.
struct BackupMoment: Sendable, Equatable {
  enum Source: Sendable, Equatable {
    /// The backup says so itself, in UTC.
    case backup
    /// The time of the file that the server's own backup command writes before it dumps the database.
    case versionFile
    /// pg_dump's own clock, which is written down without a time zone: read in the zone of this machine.
    case dump
    /// The last change of the dump's file; a copy can be much later than the dump.
    case file
  }

  /// Since 1970. Nothing that was written before this moment is missing in the backup, as far as its source is right.
  let microseconds: Int64
  let source: Source

  /// What makes the moment uncertain, for people; nil where nothing does.
  var caution: String? {
    switch source {
    case .backup, .versionFile: nil
    case .dump: "the dump does not name the time zone of its clock; this machine's is assumed"
    case .file: "the dump does not say when it was made; the last change of its file is assumed, and a copy is later"
    }
  }
}

extension BackupHead {
  /// When the backup was made, in microseconds since 1970; nil where nothing says so.
  var moment: Int64? { madeAt?.microseconds }

  /// The same, with where it is known from.
  var madeAt: BackupMoment? {
    if let own = facts.flatMap({ Moment.microseconds(iso: $0.created) }) {
      return BackupMoment(microseconds: own, source: .backup)
    }
    let dumped = dumpCreated.flatMap(LocalClock.microseconds)
    if let written = versionFileTime {
      // A file that was copied without its time is later than the dump, by more than any time zone explains.
      if let dumped, written - dumped > LocalClock.widestZone {
        return BackupMoment(microseconds: dumped, source: .dump)
      }
      return BackupMoment(microseconds: written, source: .versionFile)
    }
    guard let dumped else { return dumpFileTime.map { BackupMoment(microseconds: $0, source: .file) } }
    return BackupMoment(microseconds: LocalClock.corrected(dumped, notAfter: dumpFileTime), source: .dump)
  }

  /// What pg_dump has written down of its clock: "2026-11-23 03:30:00 CET", where the zone is the reader's own.
  private var dumpCreated: String? { dump?.created ?? plain?.started }
}

/// Times without a zone, read by the clock of this machine.
enum LocalClock {
  /// Zones of the world are at most so many microseconds apart.
  static let widestZone: Int64 = 26 * 3600 * 1_000_000
  private static let quarter: Int64 = 15 * 60 * 1_000_000

  /// Microseconds since 1970 of "2026-11-23 03:30:00"; what follows is ignored. Nil for anything else.
  static func microseconds(_ text: String) -> Int64? {
    // Reading it as UTC says whether there is such a moment at all.
    guard let asUTC = Moment.microseconds(iso: String(text.prefix(19))) else { return nil }
    var seconds = time_t(asUTC / 1_000_000)
    var fields = tm()
    guard gmtime_r(&seconds, &fields) != nil else { return nil }
    fields.tm_isdst = -1
    let local = mktime(&fields)
    return local == -1 ? nil : Int64(local) * 1_000_000
  }

  /// A local time that seems to be later than something that came after it is of a zone further east: the latest that
  /// can be meant. Zones differ by quarters of an hour.
  static func corrected(_ moment: Int64, notAfter limit: Int64?) -> Int64 {
    guard let limit, moment > limit else { return moment }
    let (ahead, overflow) = moment.subtractingReportingOverflow(limit)
    guard !overflow, ahead <= widestZone else { return min(moment, limit) }
    return moment - (ahead + quarter - 1) / quarter * quarter
  }

  /// The day and the time of day of a moment on this machine's clock, as people say them: "today 14:02",
  /// "yesterday 23:10", "2026-11-20 09:15".
  static func words(_ microseconds: Int64, now: Int64) -> String {
    guard let then = fields(microseconds), let today = fields(now) else {
      return Moment.iso(microseconds: microseconds)
    }
    let time = "\(two(then.tm_hour)):\(two(then.tm_min))"
    // Noon of the day before is in the day before, whatever summer time does.
    var noon = today
    noon.tm_hour = 12
    noon.tm_mday -= 1
    noon.tm_isdst = -1
    let before = fields(Int64(mktime(&noon)) * 1_000_000)
    if isSameDay(then, today) { return "today \(time)" }
    if let before, isSameDay(then, before) { return "yesterday \(time)" }
    return "\(Int(then.tm_year) + 1900)-\(two(then.tm_mon + 1))-\(two(then.tm_mday)) \(time)"
  }

  /// "31 minutes ago", "3 days ago".
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
  /// When a file was changed last, in microseconds since 1970; nil where it cannot be looked at.
  static func lastChange(_ path: String) -> Int64? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    let (microseconds, overflow) = Int64(status.st_mtim.tv_sec).multipliedReportingOverflow(by: 1_000_000)
    return overflow ? nil : microseconds
  }
}
