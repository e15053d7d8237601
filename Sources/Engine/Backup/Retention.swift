import Common

/// Which backups are worth keeping.
public struct RetentionPolicy: Sendable, Codable, Equatable {
  /// The newest so many.
  public var last: Int
  /// The newest of each of the last so many days that have one; likewise weeks (from Monday) and months. In UTC.
  public var daily: Int
  public var weekly: Int
  public var monthly: Int

  public init(last: Int = 3, daily: Int = 7, weekly: Int = 5, monthly: Int = 12) {
    self.last = last
    self.daily = daily
    self.weekly = weekly
    self.monthly = monthly
  }

  /// What becomes of one backup, and why.
  public struct Decision: Sendable, Equatable {
    public let backup: BackupFile
    /// "last", "daily", "weekly", "monthly"; empty where it goes.
    public let reasons: [String]
    public var isKept: Bool { !reasons.isEmpty }
  }

  /// Decides for all, the newest first. Pure: it looks at no disk.
  public func decide(_ backups: [BackupFile]) -> [Decision] {
    let newestFirst = backups.sorted { ($0.moment, $0.path) > ($1.moment, $1.path) }
    var reasons = [[String]](repeating: [], count: newestFirst.count)
    func keep(_ name: String, _ count: Int, _ period: (BackupFile) -> Int64) {
      var seen: Set<Int64> = []
      for (index, backup) in newestFirst.enumerated() where seen.count < count {
        if seen.insert(period(backup)).inserted { reasons[index].append(name) }
      }
    }
    for index in newestFirst.indices.prefix(max(0, last)) { reasons[index].append("last") }
    keep("daily", daily) { $0.day }
    // 1 January 1970 was a Thursday.
    keep("weekly", weekly) { ($0.day + 3) / 7 }
    keep("monthly", monthly) { $0.month }
    return zip(newestFirst, reasons).map { Decision(backup: $0, reasons: $1) }
  }
}

/// A backup as it lies in a folder.
public struct BackupFile: Sendable, Equatable {
  public let path: String
  /// Microseconds since 1970: from its name, else when it was last changed.
  public let moment: Int64
  public let bytes: Int64

  public init(path: String, moment: Int64, bytes: Int64) {
    self.path = path
    self.moment = moment
    self.bytes = bytes
  }

  public var isEncrypted: Bool { path.hasSuffix(".age") }
  var day: Int64 { moment / 86_400_000_000 }
  /// The year and the month as one number.
  var month: Int64 {
    let text = Moment.iso(microseconds: moment)
    return (Int64(text.prefix(4)) ?? 0) * 12 + (Int64(text.dropFirst(5).prefix(2)) ?? 0)
  }
}
