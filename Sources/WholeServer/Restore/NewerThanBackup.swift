import Common
import Operations
import Postgres
import Server

/// The data of a live server that a backup lacks, because it was created or changed after the backup was made.
///
/// An organization counts as a whole if it was created or imported after that moment, or is not in the backup: the dates
/// of its messages do not matter. Reactions and read marks have no time and are not counted.
public struct NewerThanBackup: Sendable, Equatable {
  public var organizations: Int64 = 0
  public var messages: Int64 = 0
  /// Without bots.
  public var people: Int64 = 0
  public var files: Int64 = 0
  /// Older messages that were edited.
  public var edits: Int64 = 0
  /// Changes of people, channels and settings that the server recorded in `zerver_realmauditlog`.
  public var changes: Int64 = 0
  /// The latest time among them, in microseconds since 1970.
  public var newest: Int64?

  private var parts: [(count: Int64, singular: String, plural: String?)] {
    [
      (organizations, "organization", nil), (messages, "message", nil), (people, "person", "people"),
      (files, "file", nil), (edits, "edited message", nil), (changes, "other change", nil),
    ].filter { $0.0 != 0 }
  }

  public var isEmpty: Bool { parts.isEmpty }

  /// Returns for example "1,204 messages, 3 people and 17 files are newer than this backup (newest: today 14:02, 31
  /// minutes ago)".
  public func sentence(now: Int64 = Timestamp.now()) -> String {
    guard !isEmpty else {
      return "no organization, message, person, file or recorded change on this server is newer than this backup"
    }
    let moment = newest.map { newest in
      " (newest: \(LocalClock.words(newest, now: now)), \(LocalClock.ago(newest, now: now)))"
    }
    return "\(list) \(isOne ? "is" : "are") newer than this backup\(moment ?? "")"
  }

  /// Returns for example "1,204 messages, 3 people and 17 files"; empty if there is nothing.
  var list: String {
    let words = parts.map { Amount.of($0.count, $0.singular, $0.plural) }
    guard let last = words.last else { return "" }
    return words.count == 1 ? last : "\(words.dropLast().joined(separator: ", ")) and \(last)"
  }

  var isOne: Bool { parts.count == 1 && parts[0].count == 1 }

  // MARK: Counting

  /// The backup that the server's data is compared with.
  struct Reference {
    /// When it was made, in microseconds since 1970; nil: all data counts as newer.
    var moment: Int64?
    /// The organizations in it; nil if it does not list them.
    var organizations: [BackupFacts.Organization]?
    /// Whether the backup contains files and no database: rows stay unchanged.
    var hasOnlyFiles = false
  }

  /// Counts with the server's database.
  ///
  /// - Parameter internalSubdomain: the subdomain of the server's own organization, which is never counted.
  /// - Throws: if the query fails.
  static func count(
    since backup: Reference, internalSubdomain: String, _ connection: Connection
  ) throws -> NewerThanBackup {
    let since = backup.moment.map { Timestamp.iso(microseconds: $0) } ?? "-infinity"
    var newer = NewerThanBackup()
    var moments: [Int64] = []
    var whole: [String] = []
    if !backup.hasOnlyFiles {
      let (ids, times) = try organizations(since: since, backup, internalSubdomain, connection)
      whole = ids
      newer.organizations = Int64(ids.count)
      moments += times
    }
    let ids = "'{\(whole.joined(separator: ","))}'::bigint[]"
    func count(_ table: String, _ column: String, isWhole: Bool = true, _ condition: String = "true") throws -> Int64 {
      let inWhole = isWhole ? " OR realm_id = ANY (\(ids))" : ""
      let row = try connection.query(
        """
        SELECT count(*), \(microseconds("max(\(column))")) FROM \(table)
        WHERE (\(column) > $1::timestamptz\(inWhole)) AND \(condition)
        """, [since]
      ).first
      if let moment = row?[1].flatMap({ Int64($0) }) { moments.append(moment) }
      return row?[0].flatMap { Int64($0) } ?? 0
    }
    newer.files = try count(TableName.attachment, "create_time")
    if !backup.hasOnlyFiles {
      let isOlder = "realm_id <> ALL (\(ids))"
      newer.messages = try count(TableName.message, "date_sent")
      newer.people = try count(TableName.userProfile, "date_joined", "NOT is_bot")
      if let moment = backup.moment {
        let made = "'\(Timestamp.iso(microseconds: moment))'::timestamptz"
        newer.edits = try count(
          TableName.message, "last_edit_time", isWhole: false, "date_sent <= \(made) AND \(isOlder)")
        newer.changes = try count(
          TableName.realmAuditLog, "event_time", isWhole: false,
          "event_type <> \(AuditLog.Event.created.rawValue) AND \(isOlder)")
      }
    }
    newer.newest = newer.isEmpty ? nil : moments.max()
    return newer
  }

  /// Returns the ids of the organizations that are new as a whole, and the times at which they appeared.
  private static func organizations(
    since: String, _ backup: Reference, _ internalSubdomain: String, _ connection: Connection
  ) throws -> (ids: [String], times: [Int64]) {
    let events = [AuditLog.Event.created, .imported].map { String($0.rawValue) }.joined(separator: ", ")
    let appeared = "greatest(r.date_created, e.happened)"
    let rows = try connection.query(
      """
      SELECT r.id, \(microseconds(appeared)), to_jsonb(r)->>'uuid', r.string_id,
        r.date_created > $1::timestamptz OR e.happened IS NOT NULL
      FROM zerver_realm r LEFT JOIN (
        SELECT realm_id, max(event_time) AS happened FROM zerver_realmauditlog
        WHERE event_type IN (\(events)) AND event_time > $1::timestamptz GROUP BY realm_id
      ) e ON e.realm_id = r.id
      WHERE r.string_id <> $2
      """, [since, internalSubdomain])
    let new = rows.filter { row in
      if row[4] == "t" || backup.moment == nil { return true }
      guard let known = backup.organizations else { return false }
      return !known.contains { $0.isSame(id: row[0], uuid: row[2]) }
    }
    return (new.compactMap { $0[0] }, new.compactMap { $0[1].flatMap { Int64($0) } })
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
  let head: BackupHeader
  let access: Result<AdministratorAccess, any Error>
  var now = Timestamp.now()

  private static let subject = "newer data"

  /// Returns the newer data; nil if nothing is replaced, or if the time of the backup is unknown.
  func count() throws -> NewerThanBackup? {
    guard head.hasDatabase || head.hasUploads, let moment = head.moment else { return nil }
    let connection = try installation.connect()
    defer { connection.close() }
    let reference = NewerThanBackup.Reference(
      moment: isOfAnotherServer ? nil : moment, organizations: head.facts?.organizations,
      hasOnlyFiles: !head.hasDatabase)
    return try NewerThanBackup.count(
      since: reference, internalSubdomain: installation.brand.internalSubdomain, connection)
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

  private func finding(_ newer: NewerThanBackup, _ made: BackupTime) -> Finding {
    let stamp = "\(LocalClock.words(made.microseconds, now: now)), \(LocalClock.ago(made.microseconds, now: now))"
    let caution = made.caution.map { "; \($0)" } ?? ""
    guard !newer.isEmpty else {
      return Finding(
        made.source == .file ? .warning : .ok, Self.subject,
        "\(newer.sentence(now: now)), which was made \(stamp)\(caution); reactions and read marks have no time and are "
          + "not counted")
    }
    if isOfAnotherServer, head.hasDatabase {
      return Finding(
        .warning, Self.subject,
        "the backup is of another server, \(head.host ?? "unknown"), and was made \(stamp): \(newer.list) of this server "
          + "\(newer.isOne ? "is" : "are") not in it\(caution)", remedy: remedy, mustBeConfirmed: true)
    }
    let consequence = head.hasDatabase ? "missing on the restored server" : "in the database, but not among the files"
    // The dates of an organization that is not in the backup at all can be older.
    if newer.organizations > 0, let newest = newer.newest, newest <= made.microseconds {
      return Finding(
        .warning, Self.subject,
        "\(newer.list) \(newer.isOne ? "is" : "are") not in this backup, which was made \(stamp): "
          + "\(newer.isOne ? "it is" : "they are") \(consequence)\(caution)", remedy: remedy, mustBeConfirmed: true)
    }
    return Finding(
      .warning, Self.subject,
      "\(newer.sentence(now: now)), which was made \(stamp): \(newer.isOne ? "it is" : "they are") \(consequence)"
        + caution,
      remedy: remedy, mustBeConfirmed: true)
  }

  /// Whether the backup names another host than this server's: then nothing of this server is in it.
  private var isOfAnotherServer: Bool {
    guard let there = head.host, let here = installation.host, head.hasDatabase else { return false }
    return there.lowercased() != here.lowercased() && head.facts?.organizations == nil
  }

  private var remedy: String {
    options.exportsFirst
      ? "each organization is exported before the exchange; the old state is kept too, until you discard it"
      : "to keep it, give --export-first: each organization is exported before the exchange. The old state is kept too, "
        + "until you discard it"
  }

  private func clock(_ made: BackupTime) -> [Finding] {
    guard made.microseconds > now, made.microseconds - now > 120_000_000 else { return [] }
    return [
      Finding(
        .warning, "clock",
        "the backup was made at \(Timestamp.minutes(microseconds: made.microseconds)) UTC, "
          + "which is in the future by this machine's clock: what is newer is not counted reliably",
        remedy: "compare the clocks of both machines: timedatectl")
    ]
  }

  /// Whether the server's database exists, as far as it can be determined.
  var isThere: Bool {
    let own = installation.databaseParameters().database
    if case .success(let administrator) = access, let connection = try? administrator.connect() {
      defer { connection.close() }
      if let exists = try? StagingDatabase.exists(own, connection) { return exists }
    }
    guard let connection = try? installation.connect() else { return false }
    connection.close()
    return true
  }
}
