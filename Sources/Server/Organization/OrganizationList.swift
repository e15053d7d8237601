import Common
import Operations
import Postgres

/// An organization of a server, for lists and choices. Names are cleaned for a terminal.
public struct Organization: Sendable, Codable, Equatable {
  public var id: Int64
  /// Empty for the organization at the root domain.
  public var subdomain: String
  public var name: String
  public var isDeactivated: Bool
  /// The users and bots that can sign in.
  public var activeUsers: Int
  /// May be an estimate, see ``messagesAreEstimated``.
  public var messages: Int
  /// Whether the number comes from PostgreSQL's statistics: on large servers, messages are not counted only for a list.
  public var messagesAreEstimated = false
  /// Whether it contains the system bots; it cannot be moved.
  public var isInternal: Bool
  /// The address that the server redirects to while it is deactivated; nil without one. Cleaned.
  public var redirect: String? = nil
  /// Whether it has no users and no messages, not even deactivated users.
  public var isEmpty = false
  /// Whether the server has removed the data of its users.
  public var isScrubbed = false
  /// The date on which the server deletes it as a demo, "2026-12-24"; nil for a permanent one.
  public var demoDeletion: String? = nil
  /// The date on which the server deletes the data of the deactivated organization; nil if none is planned.
  public var plannedDeletion: String? = nil

  /// The organization as texts name it.
  public var label: String {
    let place = subdomain.isEmpty ? "at the root domain" : subdomain
    return name.isEmpty ? "the organization \(subdomain.isEmpty ? place : "'\(place)'")" : "\(name) (\(place))"
  }

  /// For example "559", or "about 3,000,000".
  public var messageCount: String { (messagesAreEstimated ? "about " : "") + Amount.count(Int64(messages)) }

  /// For example "559 messages", or "about 3,000,000 messages".
  public var messageAmount: String { "\(messageCount) \(messages == 1 ? "message" : "messages")" }
}

extension Organization {
  /// The number of messages on a server up to which they are counted, in less than a second; above it, they are
  /// estimated.
  public static let largestCount = 1_000_000

  /// Returns all organizations of a server, in the order of their ids.
  ///
  /// - Throws: ``DatabaseFailure`` if a query fails.
  public static func list(
    _ connection: Connection, brand: Brand, largestCount: Int = Organization.largestCount
  ) throws -> [Organization] {
    let statistics = try MessageStatistics(connection, largestCount: largestCount)
    return try rows(connection).map { try organization($0, connection, brand, statistics) }
  }

  /// Returns the organization at a subdomain; `''` is the root domain.
  ///
  /// - Parameter exactly: whether its messages are counted even if there are many.
  /// - Throws: `.notFound`, with the existing subdomains.
  public static func find(
    _ subdomain: String, _ connection: Connection, brand: Brand, exactly: Bool = false,
    largestCount: Int = Organization.largestCount
  ) throws -> Organization {
    let all = try rows(connection)
    if let row = all.first(where: { $0[1] ?? "" == subdomain }) {
      let statistics = exactly ? nil : try MessageStatistics(connection, largestCount: largestCount)
      return try organization(row, connection, brand, statistics)
    }
    let others = all.compactMap { $0[1] ?? "" }.filter { $0 != brand.internalSubdomain }
      .map { "'\(SafeText.clean($0, limit: .word))'" }
    throw PlainFailure(
      .notFound, "organization '\(SafeText.clean(subdomain, limit: .word))'",
      "no organization on this server has that "
        + "subdomain",
      remedy: others.isEmpty ? "this server hosts no organization" : "choose one of \(others.joined(separator: ", "))")
  }

  private static func rows(_ connection: Connection) throws -> [Row] {
    // Versions of the server differ in the last three columns.
    try connection.query(
      """
      SELECT id, string_id, name, deactivated, to_jsonb(r) ->> 'deactivated_redirect',
        to_jsonb(r) ->> 'demo_organization_scheduled_deletion_date', to_jsonb(r) ->> 'scheduled_deletion_date'
      FROM zerver_realm r ORDER BY id
      """)
  }

  private static func organization(
    _ row: Row, _ connection: Connection, _ brand: Brand, _ statistics: MessageStatistics?
  ) throws -> Organization {
    let id = Int64(row[0] ?? "") ?? 0
    let estimate = statistics?.messages[id]
    // Each is an index-only scan on realm_id: faster than one query for all organizations, which has to group.
    let counts = try connection.query(
      """
      SELECT (SELECT count(*) FROM zerver_userprofile WHERE realm_id = $1 AND is_active),
        \(estimate == nil ? "(SELECT count(*) FROM zerver_message WHERE realm_id = $1)" : "0"),
        EXISTS (SELECT 1 FROM zerver_userprofile WHERE realm_id = $1)
          OR EXISTS (SELECT 1 FROM zerver_message WHERE realm_id = $1)
      """, [String(id)])
    let subdomain = row[1] ?? ""
    return Organization(
      id: id, subdomain: SafeText.clean(subdomain, limit: .word), name: SafeText.clean(row[2] ?? "", limit: .word),
      isDeactivated: row.bool(3), activeUsers: counts.first?.int(0) ?? 0,
      messages: estimate ?? counts.first?.int(1) ?? 0, messagesAreEstimated: estimate != nil,
      isInternal: subdomain == brand.internalSubdomain, redirect: redirect(row[4]),
      isEmpty: counts.first?.bool(2) == false, isScrubbed: try isScrubbed(id, connection), demoDeletion: day(row[5]),
      plannedDeletion: day(row[6]))
  }
}

extension Organization {
  private static func redirect(_ address: String?) -> String? {
    let cleaned = SafeText.clean(address ?? "", limit: .line)
    return cleaned.isEmpty ? nil : cleaned
  }

  /// Returns for example "2026-12-24"; nil for no time, and for an infinite one.
  private static func day(_ moment: String?) -> String? {
    guard let moment, moment.utf8.first.map({ (0x30...0x39).contains($0) }) == true else { return nil }
    return SafeText.clean(moment.prefix { $0 != "T" && $0 != " " }, limit: 20)
  }

  /// Returns whether the server's log says so, or its users have the addresses of scrubbed users; never true if an
  /// active user has another address and could sign in.
  private static func isScrubbed(_ id: Int64, _ connection: Connection) throws -> Bool {
    let scrubbed = "delivery_email LIKE 'scrubbed-%'"
    return try connection.value(
      """
      SELECT (EXISTS (SELECT 1 FROM zerver_realmauditlog WHERE realm_id = $1 AND event_type = $2)
          OR EXISTS (SELECT 1 FROM zerver_userprofile WHERE realm_id = $1 AND NOT is_bot AND \(scrubbed)))
        AND NOT EXISTS (
          SELECT 1 FROM zerver_userprofile WHERE realm_id = $1 AND NOT is_bot AND is_active AND NOT \(scrubbed))
      """, [String(id), String(AuditLog.Event.scrubbed.rawValue)]) == "t"
  }
}

/// The numbers of messages of organizations by PostgreSQL's statistics: the size of the table when it was last
/// analyzed, and the shares of its most frequent values. Organizations that are not among those are small.
private struct MessageStatistics {
  /// By the organization's id, rounded to two significant digits. Empty on servers that are counted.
  var messages: [Int64: Int] = [:]

  init(_ connection: Connection, largestCount: Int) throws {
    let rows = try connection.query(
      """
      SELECT share.id, share.part * c.reltuples
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = 'realm_id'
          AND NOT s.inherited,
        unnest(s.most_common_vals::text::bigint[], s.most_common_freqs) AS share (id, part)
      WHERE c.oid = 'zerver_message'::regclass AND c.reltuples > $1
      """, [String(largestCount)])
    for row in rows {
      guard let id = row[0].flatMap({ Int64($0) }), let amount = row[1].flatMap({ Double($0) }) else { continue }
      messages[id] = Self.rounded(amount)
    }
  }

  private static func rounded(_ amount: Double) -> Int {
    guard amount < 1e15 else { return 1_000_000_000_000_000 }
    var unit = 1
    while amount / Double(unit) >= 100 { unit *= 10 }
    return Int((amount / Double(unit)).rounded()) * unit
  }
}
