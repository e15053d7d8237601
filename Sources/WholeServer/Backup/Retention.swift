import Common
import Server

/// The rules by which backups are kept.
public struct RetentionPolicy: Sendable, Codable, Equatable {
  /// Number of newest backups.
  public var last: Int
  /// The number of days of which to keep the newest backup; likewise weeks (from Monday) and months. In UTC.
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

  /// The decision about one backup, and its reason.
  public struct Decision: Sendable, Equatable {
    public let backup: BackupFile
    public let standing: BackupStanding
    /// "last", "daily", "weekly", "monthly"; "not counted"; empty if it is deleted.
    public let reasons: [String]
    public var isKept: Bool { !reasons.isEmpty }
    /// Whether the policy has counted it: only backups known to be undamaged count.
    public var isCounted: Bool { standing.holdings != nil }
  }

  /// Decides about all backups, the newest first. Does not access the disk.
  ///
  /// Backups with the same parts are counted separately, so that a partial backup does not replace a complete one. A
  /// backup not known to be undamaged is not counted, and is kept.
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

  /// Returns the reasons to keep each backup; empty if it is not kept.
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
    // Whatever the policy says, the newest backup of its kind is kept.
    if reasons.first?.isEmpty == true { reasons[0].append("newest") }
    return reasons
  }
}

/// A backup with its standing.
public struct KnownBackup: Sendable, Equatable {
  public let file: BackupFile
  public let standing: BackupStanding

  public init(_ file: BackupFile, _ standing: BackupStanding) {
    self.file = file
    self.standing = standing
  }
}

/// A backup file in a folder.
public struct BackupFile: Sendable, Equatable {
  public let path: String
  /// In microseconds since 1970: the time in its name, otherwise its last modification.
  public let moment: Int64
  public let bytes: Int64
  /// Its standing as far as it is known without reading the backup; nil if it is not.
  public var standing: BackupStanding?

  public init(path: String, moment: Int64, bytes: Int64) {
    self.path = path
    self.moment = moment
    self.bytes = bytes
  }

  public var isEncrypted: Bool { path.hasSuffix(".age") }
  /// Whether it is known not to contain a whole server, at least by its name.
  public var isPartial: Bool {
    standing?.holdings.map { !$0.isComplete } ?? BackupLayout.isPartial(fileName: FileSystem.name(of: path))
  }
  /// The remark in a list to choose from: "damaged" or "partial"; nil if no problem is known.
  public var remark: String? {
    if case .damaged? = standing { return "damaged" }
    return isPartial ? "partial" : nil
  }
  var day: Int64 { moment / 86_400_000_000 }
  /// The year and the month as one number.
  var month: Int64 {
    let text = Timestamp.iso(microseconds: moment)
    return (Int64(text.prefix(4)) ?? 0) * 12 + (Int64(text.dropFirst(5).prefix(2)) ?? 0)
  }
}
