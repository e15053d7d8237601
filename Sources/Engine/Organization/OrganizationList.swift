import Common
import Postgres

/// An organization of a server, as lists and choices show it. Names are cleaned for a terminal.
public struct Organization: Sendable, Codable, Equatable {
  public var id: Int64
  /// Empty for the organization at the root domain.
  public var subdomain: String
  public var name: String
  public var isDeactivated: Bool
  /// People and bots that can sign in.
  public var activeUsers: Int
  /// An estimate on large servers, see ``list(_:brand:)``.
  public var messages: Int
  /// The home of the system bots; it cannot be moved.
  public var isInternal: Bool

  /// How texts name it.
  public var label: String {
    let place = subdomain.isEmpty ? "at the root domain" : subdomain
    return name.isEmpty ? "the organization \(subdomain.isEmpty ? place : "'\(place)'")" : "\(name) (\(place))"
  }
}

extension Organization {
  /// All organizations of a server, in the order of their ids.
  public static func list(_ connection: Connection, brand: Brand) throws -> [Organization] {
    try connection.query(
      """
      SELECT r.id, r.string_id, r.name, r.deactivated,
        (SELECT count(*) FROM zerver_userprofile u WHERE u.realm_id = r.id AND u.is_active),
        (SELECT count(*) FROM zerver_message m WHERE m.realm_id = r.id)
      FROM zerver_realm r ORDER BY r.id
      """
    ).map { row in
      let subdomain = row[1] ?? ""
      return Organization(
        id: Int64(row[0] ?? "") ?? 0, subdomain: SafeText.clean(subdomain, limit: 60),
        name: SafeText.clean(row[2] ?? "", limit: 60), isDeactivated: row.bool(3), activeUsers: row.int(4) ?? 0,
        messages: row.int(5) ?? 0, isInternal: subdomain == brand.internalSubdomain)
    }
  }

  /// The organization at a subdomain; `''` is the root domain.
  ///
  /// - Throws: `.notFound`, naming those that are there.
  public static func find(_ subdomain: String, _ connection: Connection, brand: Brand) throws -> Organization {
    let all = try list(connection, brand: brand)
    if let found = all.first(where: { $0.subdomain == subdomain }) { return found }
    let others = all.filter { !$0.isInternal }.map { "'\($0.subdomain)'" }
    throw PlainFailure(
      .notFound, "organization '\(SafeText.clean(subdomain, limit: 60))'", "there is none of that subdomain here",
      remedy: others.isEmpty ? "this server hosts no organization" : "choose one of \(others.joined(separator: ", "))")
  }
}
