import Common
import JSON
import Postgres
import Server

/// The columns of the organization's row that hold only for the old server: the dates at which that server would have
/// deleted it, and its redirect. On this server, the nightly job would delete the organization, and visitors would be
/// redirected.
struct Appointments {
  let model: DataModel

  private var columns: [DataModel.Column] {
    (model[TableName.realm]?.columns ?? []).filter { column in
      !column.isRequired && (column.name.hasSuffix("deletion_date") || column.name.hasSuffix("_redirect"))
    }
  }

  /// Returns one sentence for the operator for each such value in the archive.
  func sentences(_ survey: ArchiveIndex) throws -> [String] {
    let columns = columns
    var said: [String] = []
    try survey.realm.rows(of: TableName.realm, keys: columns.map(\.key)) { row in
      for (index, column) in columns.enumerated() {
        guard let value = Self.shown(row[index]) else { continue }
        said.append(Self.sentence(column.name, value))
      }
    }
    return said
  }

  func clear(organization: Int64, _ connection: Connection) throws {
    let cleared = columns.map { "\(Identifier.quote($0.name)) = NULL" }.joined(separator: ", ")
    guard !cleared.isEmpty else { return }
    _ = try connection.query("UPDATE \(TableName.realm) SET \(cleared) WHERE id = $1", [String(organization)])
  }

  private static func shown(_ value: JSONScanner.Value) -> String? {
    switch value.kind {
    case .null, .missing: nil
    case .string: value.text.map { SafeText.clean($0, limit: .name) }
    default: ValueRule.moment(value).map { Timestamp.iso(microseconds: $0) }
    }
  }

  private static func sentence(_ column: String, _ value: String) -> String {
    switch column {
    case "demo_organization_scheduled_deletion_date":
      "The organization is a demo that the old server deletes on \(value): the date is not imported, it stays here"
    case "deactivated_redirect":
      "The old server sends visitors of the organization to \(value): the redirect is not imported"
    case let name where name.hasSuffix("deletion_date"):
      "The old server deletes the organization on \(value) (\(name)): the date is not imported, it stays here"
    default: "\(column) (\(value)) concerns the old server: it is not imported"
    }
  }
}
