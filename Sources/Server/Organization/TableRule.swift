/// How one table of the server belongs to an organization, whether it is exported, and which of its columns differ from
/// the catalog.
///
/// Everything else is read from the live catalog: columns, types, foreign keys, sequences.
public struct TableRule: Sendable {
  public let table: String
  public let disposition: Disposition
  /// Only the columns with a special treatment; all others are copied, and foreign keys are mapped to the new ids.
  public let columns: [ColumnRule]
  /// Why an import omits the rows of an exported table; nil if it writes them.
  public let notImported: String?

  init(table: String, disposition: Disposition, columns: [ColumnRule], notImported: String? = nil) {
    self.table = table
    self.disposition = disposition
    self.columns = columns
    self.notImported = notImported
  }

  public enum Disposition: Sendable, Equatable {
    /// Its rows are part of an export, in this file.
    case exported(Document, Rows)
    /// It is exported inside another table's rows.
    case carriedBy(String)
    /// It is not exported, for this reason.
    case staysBehind(String)
  }

  /// The documents of an export that contain rows.
  public enum Document: String, Sendable, CaseIterable {
    case realm = "realm.json"
    case messages = "messages-000001.json"
    case attachments = "attachment.json"
    case analytics = "analytics.json"
  }

  /// The rows of the table that belong to the organization.
  public enum Rows: Sendable, Equatable {
    /// The organization's own row.
    case organization
    /// A column contains the organization's id.
    case organizationColumn(String)
    /// A column contains the id of one of its users; the row is private to that user.
    case userColumn(String)
    /// A column contains the id of one of its users; the row is visible to the whole organization.
    case profileColumn(String)
    /// A column contains the id of a row of another table that belongs to the organization.
    case parentColumn(String, table: String)
    /// The table is shared by all organizations. (Later versions of the server export only rows that others refer to.)
    case everything
    case users
    /// The personal recipients of its users, and the recipients of its channels and group messages.
    case recipients
    case subscriptions
    case groupMessages
    case messages
    case userMessages
    case reactions
    case attachments
    case scheduledMessages
    case auditLog
  }
}

/// The special treatment of one column.
public struct ColumnRule: Sendable {
  public let column: String
  /// The key in the export, if it is neither the column's name nor, for a foreign key, that name without `_id`.
  public let key: String?
  public let exported: Exported
  public let imported: Imported

  public enum Exported: Sendable, Equatable {
    case value
    /// Never exported, for this reason.
    case never(String)
    /// Exported as null, for this reason.
    case null(String)
    /// Exported as an empty object, for this reason.
    case emptyObject(String)
    /// Not a column: an empty list that the official importer expects.
    case emptyList
    /// Not a column: the ids of the rows that a joining table connects with this row.
    case identifiers(joining: String, column: String)
    /// The value of another column under a second key.
    case copy(of: String)
  }

  public enum Imported: Sendable, Equatable {
    /// By the catalog: copied, or mapped by its foreign key.
    case byCatalog
    /// Not a column of the table.
    case ignored
    /// A reference without a foreign key.
    case reference(String)
    /// `recipient.type_id`: a user, a channel or a group message, by the row's type.
    case recipientTarget
    /// The id of a custom emoji as text, if the row is of that type.
    case emojiCode
    /// A column that belongs to the row's custom emoji: empty if that emoji is not in the archive.
    case emojiPart
    /// The value of a custom profile field; for a field of users, their ids.
    case profileValue
    /// Always generated, whatever the export contains.
    case generated(Generated)
    /// Generated if the export has no value.
    case generatedIfMissing(Generated)
    /// Text whose references are rewritten.
    case text(TextForm)
    /// `attachment.path_id`: the path at which the importer placed the file.
    case uploadPath
    /// Computed once all rows are written.
    case computedLater
    /// Whether the row's user is active.
    case userIsActive
    /// The key of a group message: a digest of its members' ids.
    case groupMessageHash
    /// The number of members of a group message.
    case groupMessageSize
    /// The subdomain that the operator chose.
    case subdomain
    /// False until the server itself detects that it works here.
    case off
    /// The HTML of a description: rendered again if the description is plain text, because archives contain outdated
    /// HTML.
    case renderedDescription
    /// A user; if the export names none, the organization's first owner.
    case userOrFirstOwner
  }

  public enum Generated: Sendable, Equatable {
    case apiKey, token, unusablePassword, uuid, organizationOwnerSecret, emailToken
    /// The user has not accepted the terms on this server yet.
    case termsNotSeen
  }

  public enum TextForm: Sendable, Equatable {
    case markdown, html, editHistory
    /// The part of an address after its `#`.
    case fragment
  }

  init(
    _ column: String, key: String? = nil, exported: Exported = .value, imported: Imported = .byCatalog
  ) {
    self.column = column
    self.key = key
    self.exported = exported
    self.imported = imported
  }
}

extension TableRule {
  static func exported(
    _ table: String, in document: Document = .realm, rows: Rows, _ columns: [ColumnRule] = [],
    notImported: String? = nil
  ) -> TableRule {
    TableRule(table: table, disposition: .exported(document, rows), columns: columns, notImported: notImported)
  }

  static func carried(_ table: String, by parent: String) -> TableRule {
    TableRule(table: table, disposition: .carriedBy(parent), columns: [])
  }

  static func staysBehind(_ tables: [String], _ reason: String) -> [TableRule] {
    tables.map { TableRule(table: $0, disposition: .staysBehind(reason), columns: []) }
  }
}
