import Common
import Postgres

/// The data of a live server that is newer than a backup.
///
/// An organization that was created or imported after the backup counts as new as a whole, whatever the dates of its
/// messages.
public struct NewerThanBackup: Sendable, Codable, Equatable {
  public var organizations: Int64 = 0
  public var messages: Int64 = 0
  /// Does not include bots.
  public var people: Int64 = 0
  public var files: Int64 = 0
  /// The time of the newest data, in microseconds since 1970.
  public var newest: Int64?

  public var isEmpty: Bool { organizations == 0 && messages == 0 && people == 0 && files == 0 }

  /// Returns "1,204 messages, 3 people and 17 files are newer than this backup (newest: today 14:02, 31 minutes ago)".
  public func sentence(now: Int64 = Moment.now()) -> String {
    var parts: [String] = []
    func add(_ number: Int64, _ singular: String, _ plural: String? = nil) {
      if number != 0 { parts.append(Amount.of(number, singular, plural)) }
    }
    add(organizations, "organization")
    add(messages, "message")
    add(people, "person", "people")
    add(files, "file")
    let isOne = parts.count == 1 && [organizations, messages, people, files].contains(1)
    guard let last = parts.popLast() else { return "nothing on this server is newer than this backup" }
    let list = parts.isEmpty ? last : "\(parts.joined(separator: ", ")) and \(last)"
    let moment = newest.map { newest in
      " (newest: \(LocalClock.words(newest, now: now)), \(LocalClock.ago(newest, now: now)))"
    }
    return "\(list) \(isOne ? "is" : "are") newer than this backup\(moment ?? "")"
  }

  // MARK: Counting

  /// Counts the newer data in the server's database.
  ///
  /// - Parameters:
  ///   - moment: the time of the backup, in microseconds since 1970.
  ///   - onlyFiles: whether the backup contains files and no database, so that rows are not replaced.
  /// - Throws: if the database cannot be queried.
  static func count(since moment: Int64, onlyFiles: Bool = false, _ connection: Connection) throws -> NewerThanBackup {
    let since = Moment.iso(microseconds: moment)
    var newer = NewerThanBackup()
    var moments: [Int64] = []
    var organizations: [String] = []
    if !onlyFiles {
      let events = [AuditLog.Event.created, .imported].map { String($0.rawValue) }.joined(separator: ", ")
      let rows = try connection.query(
        """
        SELECT r.id, \(microseconds("greatest(r.date_created, e.happened)"))
        FROM zerver_realm r LEFT JOIN (
          SELECT realm_id, max(event_time) AS happened FROM zerver_realmauditlog
          WHERE event_type IN (\(events)) AND event_time > $1::timestamptz GROUP BY realm_id
        ) e ON e.realm_id = r.id
        WHERE r.date_created > $1::timestamptz OR e.happened IS NOT NULL
        """, [since])
      organizations = rows.compactMap { $0[0] }
      newer.organizations = Int64(rows.count)
      moments += rows.compactMap { $0[1].flatMap { Int64($0) } }
    }
    let whole =
      organizations.isEmpty ? "" : " OR realm_id = ANY ('{\(organizations.joined(separator: ","))}'::bigint[])"
    func count(_ table: String, _ column: String, _ condition: String = "true") throws -> Int64 {
      let row = try connection.query(
        """
        SELECT count(*), \(microseconds("max(\(column))")) FROM \(table)
        WHERE (\(column) > $1::timestamptz\(whole)) AND \(condition)
        """, [since]
      ).first
      if let moment = row?[1].flatMap({ Int64($0) }) { moments.append(moment) }
      return row?[0].flatMap { Int64($0) } ?? 0
    }
    newer.files = try count("zerver_attachment", "create_time")
    if !onlyFiles {
      newer.messages = try count("zerver_message", "date_sent")
      newer.people = try count("zerver_userprofile", "date_joined", "NOT is_bot")
    }
    newer.newest = newer.isEmpty ? nil : moments.max()
    return newer
  }

  /// Infinite times cannot be converted.
  private static func microseconds(_ expression: String) -> String {
    "CASE WHEN isfinite(\(expression)) THEN (extract(epoch FROM \(expression)) * 1000000)::bigint END"
  }
}

/// The findings of a restore's checks about newer data.
struct NewerFindings {
  let installation: Installation
  let options: RestoreOptions
  let head: BackupHead
  let access: Result<AdministratorAccess, any Error>
  var now = Moment.now()

  private static let subject = "newer data"

  /// Returns the newer data; nil if nothing is replaced, or if the time of the backup is unknown.
  func count() throws -> NewerThanBackup? {
    guard head.hasDatabase || head.hasUploads, let moment = head.moment else { return nil }
    let connection = try installation.connect()
    defer { connection.close() }
    return try NewerThanBackup.count(since: moment, onlyFiles: !head.hasDatabase, connection)
  }

  func findings() -> [Finding] {
    guard head.hasDatabase || head.hasUploads else { return [] }
    guard isThere else {
      return [
        Finding(
          .ok, Self.subject, "this server's database could not be compared with the backup: it is gone")
      ]
    }
    guard let made = head.madeAt else {
      return [
        Finding(
          .warning, Self.subject,
          "the backup has no date: data that is newer than the backup cannot be counted",
          remedy: remedy, mustBeConfirmed: true)
      ]
    }
    do {
      guard let newer = try count() else { return [] }
      return clock(made) + [finding(newer, made)]
    } catch {
      let reason = (error as? any Failure)?.reason ?? "\(error)"
      return [
        Finding(
          .warning, Self.subject,
          "this server's database could not be compared with the backup: \(reason)",
          remedy: "repair the database first, where anything in it matters; it is kept under another name",
          mustBeConfirmed: true)
      ]
    }
  }

  private func finding(_ newer: NewerThanBackup, _ made: BackupMoment) -> Finding {
    let stamp = "\(LocalClock.words(made.microseconds, now: now)), \(LocalClock.ago(made.microseconds, now: now))"
    let caution = made.caution.map { "; \($0)" } ?? ""
    guard !newer.isEmpty else {
      return Finding(
        made.source == .file ? .warning : .ok, Self.subject,
        "\(newer.sentence(now: now)), which was made \(stamp)\(caution)")
    }
    let consequence = head.hasDatabase ? "not on the restored server" : "in the database, but not among the files"
    return Finding(
      .warning, Self.subject,
      "\(newer.sentence(now: now)), which was made \(stamp): \(newer.total == 1 ? "it is" : "they are") \(consequence)"
        + caution,
      remedy: remedy, mustBeConfirmed: true)
  }

  private var remedy: String {
    options.exportsFirst
      ? "each organization is exported before the exchange; the old state is kept too, until you discard it"
      : "to keep it, give --export-first: each organization is exported before the exchange. The old state is kept too, "
        + "until you discard it"
  }

  private func clock(_ made: BackupMoment) -> [Finding] {
    guard made.microseconds > now, made.microseconds - now > 120_000_000 else { return [] }
    return [
      Finding(
        .warning, "clock",
        "the backup was made at \(Moment.iso(microseconds: made.microseconds).prefix(16).replacing("T", with: " ")) UTC, "
          + "which is in the future by this machine's clock: what is newer is not counted reliably",
        remedy: "compare the clocks of both machines: timedatectl")
    ]
  }

  /// Whether the server's database exists, as far as it can be determined.
  var isThere: Bool {
    let own = installation.databaseParameters().database
    if case .success(let administrator) = access, let connection = try? administrator.connect() {
      defer { connection.close() }
      if let exists = try? SideDatabase.exists(own, connection) { return exists }
    }
    guard let connection = try? installation.connect() else { return false }
    connection.close()
    return true
  }
}

extension NewerThanBackup {
  fileprivate var total: Int64 {
    [organizations, messages, people, files].reduce(0) { $0.addingReportingOverflow($1).partialValue }
  }
}
