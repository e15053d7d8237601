import Common

/// Which backups are worth keeping.
public struct RetentionPolicy: Sendable, Codable, Equatable {
  /// Number of newest backups.
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

  /// The same as options of the command line.
  public var words: [String] {
    [
      "--keep-last", "\(last)", "--keep-daily", "\(daily)", "--keep-weekly", "\(weekly)", "--keep-monthly",
      "\(monthly)",
    ]
  }

  /// What becomes of one backup, and why.
  public struct Decision: Sendable, Equatable {
    public let backup: BackupFile
    public let standing: BackupStanding
    /// "last", "daily", "weekly", "monthly"; why it is not counted at all; empty where it goes.
    public let reasons: [String]
    public var isKept: Bool { !reasons.isEmpty }
    /// Whether the policy has counted it: only backups that are known to be good are.
    public var isCounted: Bool { standing.holdings != nil }
  }

  /// Decides for all, the newest first. Pure: it looks at no disk.
  ///
  /// Backups that hold the same parts are counted by themselves, so that no partial one takes the place of a complete one.
  /// One that is not known to be good is not counted, and stays.
  public func decide(_ backups: [KnownBackup]) -> [Decision] {
    let newestFirst = backups.sorted { ($0.file.moment, $0.file.path) > ($1.file.moment, $1.file.path) }
    var reasons: [String: [String]] = [:]
    for (_, alike) in Dictionary(
      grouping: newestFirst.filter { $0.standing.holdings != nil }, by: \.standing.holdings?.parts)
    {
      for (backup, why) in zip(alike, keepers(alike.map(\.file))) { reasons[backup.file.path] = why }
    }
    return newestFirst.map { backup in
      Decision(
        backup: backup.file, standing: backup.standing,
        reasons: backup.standing.holdings == nil ? ["not counted"] : reasons[backup.file.path] ?? [])
    }
  }

  /// Why each is kept; empty where it is not.
  private func keepers(_ newestFirst: [BackupFile]) -> [[String]] {
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
    // Whatever the policy says, the newest of its kind stays.
    if reasons.first?.isEmpty == true { reasons[0].append("newest") }
    return reasons
  }
}

/// A backup with what is known of it.
public struct KnownBackup: Sendable, Equatable {
  public let file: BackupFile
  public let standing: BackupStanding

  public init(_ file: BackupFile, _ standing: BackupStanding) {
    self.file = file
    self.standing = standing
  }
}

/// A backup as it lies in a folder.
public struct BackupFile: Sendable, Equatable {
  public let path: String
  /// Microseconds since 1970: from its name, else when it was last changed.
  public let moment: Int64
  public let bytes: Int64
  /// What is known of it without reading it; nil where nothing is.
  public var standing: BackupStanding?

  public init(path: String, moment: Int64, bytes: Int64) {
    self.path = path
    self.moment = moment
    self.bytes = bytes
  }

  public var isEncrypted: Bool { path.hasSuffix(".age") }
  /// Whether it is known not to hold a whole server, by its name at the latest.
  public var isPartial: Bool {
    standing?.holdings.map { !$0.isComplete } ?? BackupLayout.isPartial(fileName: path.split(separator: "/").last ?? "")
  }
  /// What a list should say of it before somebody chooses it; nil where nothing is known against it.
  public var remark: String? {
    if case .damaged? = standing { return "damaged" }
    return isPartial ? "partial" : nil
  }
  var day: Int64 { moment / 86_400_000_000 }
  /// The year and the month as one number.
  var month: Int64 {
    let text = Moment.iso(microseconds: moment)
    return (Int64(text.prefix(4)) ?? 0) * 12 + (Int64(text.dropFirst(5).prefix(2)) ?? 0)
  }
}
