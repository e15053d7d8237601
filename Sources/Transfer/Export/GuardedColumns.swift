import Postgres
import Server

/// Expressions that replace columns of users who have not agreed to the export of their private data: their settings
/// become the organization's defaults, a hidden address becomes a random one, subscriptions lose their personal values.
///
/// Only on servers whose own exporter does the same; see ``ServerTraits/guardsPrivateRows``.
struct GuardedColumns {
  let scope: ExportScope
  /// The domain of generated addresses.
  let host: String

  private static let addressHiddenFromAll = 4

  func expressions(for table: DataModel.Table) -> [String: String] {
    guard scope.traits.guardsPrivateRows, let consenting = scope.consenting else { return [:] }
    switch table.rows {
    case .users: return users(table, agreed: "(t.id = ANY(\(SQL.literal(consenting))))")
    case .subscriptions:
      return subscriptions(table, agreed: "(t.user_profile_id = ANY(\(SQL.literal(consenting))))")
    default: return [:]
    }
  }

  private func users(_ table: DataModel.Table, agreed: String) -> [String: String] {
    var expressions = defaultSettings(table, agreed: agreed)
    let hidden = "t.email_address_visibility = \(Self.addressHiddenFromAll)"
    let domain = Identifier.literal(host.split(separator: ":").first.map(String.init) ?? "example.com")
    expressions["delivery_email"] = """
      (CASE WHEN \(agreed) OR NOT \(hidden) THEN t.delivery_email
        ELSE 'exported-user-' || replace(gen_random_uuid()::text, '-', '') || '@' || \(domain) END)
      """
    // A mirror dummy can become a user again by signing up with the address. Deactivated users must not.
    let becomesName =
      scope.reach == .publicChannels ? "(NOT \(agreed) AND \(hidden))" : "(NOT \(agreed) AND t.is_active)"
    expressions["is_mirror_dummy"] = "(t.is_mirror_dummy OR \(becomesName))"
    expressions["is_active"] = "(t.is_active AND NOT \(becomesName))"
    return expressions
  }

  private func defaultSettings(_ table: DataModel.Table, agreed: String) -> [String: String] {
    guard let defaults = scope.model.catalog[TableName.realmUserDefault] else { return [:] }
    let kept: Set = ["id", "realm_id", "email_address_visibility"]
    let settings = defaults.columns.map(\.name).filter { !kept.contains($0) && table.column($0) != nil }
    return Dictionary(
      uniqueKeysWithValues: settings.map { name in
        let column = Identifier.quote(name)
        let usual = """
          (SELECT d.\(column) FROM zerver_realmuserdefault d WHERE d.realm_id = \(scope.organization.id) LIMIT 1)
          """
        return (name, "(CASE WHEN \(agreed) THEN t.\(column) ELSE \(usual) END)")
      })
  }

  private func subscriptions(_ table: DataModel.Table, agreed: String) -> [String: String] {
    let kept: Set = ["id", "user_profile_id", "recipient_id", "active", "is_user_active"]
    let personal = table.columns.filter { !kept.contains($0.name) && !$0.type.isEmpty }
    return Dictionary(
      uniqueKeysWithValues: personal.compactMap { column in
        guard let usual = usual(column, of: table) else { return nil }
        let own = "t.\(Identifier.quote(column.name))"
        return (column.name, "(CASE WHEN \(agreed) THEN \(own) ELSE \(usual) END)")
      })
  }

  private func usual(_ column: DataModel.Column, of table: DataModel.Table) -> String? {
    // The same colour for all channels would look odd; a random one reveals nothing.
    if column.name == "color" { return "(\(Self.colors))[1 + floor(random() * \(Self.palette.count))::int]" }
    if !column.isRequired { return "NULL" }
    if let expression = scope.model.catalog[table.name]?.column(column.name)?.defaultExpression { return expression }
    return column.type == "bool" ? "false" : nil
  }

  private static let colors = "ARRAY[\(palette.map { "'#\($0)'" }.joined(separator: ","))]"

  /// The colours that the server assigns to channels.
  private static let palette = [
    "76ce90", "fae589", "a6c7e5", "e79ab5", "bfd56f", "f4ae55", "b0a5fd", "addfe5", "f5ce6e", "c2726a", "94c849",
    "bd86e5", "ee7e4a", "a6dcbf", "95a5fd", "53a063", "9987e1", "e4523d", "c2c2c2", "4f8de4", "c6a8ad", "e7cc4d",
    "c8bebf", "a47462",
  ]
}
