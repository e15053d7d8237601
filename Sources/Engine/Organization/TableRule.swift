/// How one table of the server belongs to an organization, whether it is exported, and which of its columns are not
/// what the catalog says.
///
/// Whatever is not said here is read from the live catalog: columns, types, foreign keys, sequences.
public struct TableRule: Sendable {
  public let table: String
  public let disposition: Disposition
  /// Only the columns that need a word; all others are copied, foreign keys follow the new ids.
  public let columns: [ColumnRule]
  /// Why an import leaves the rows of an exported table out; nil where it writes them.
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
    /// It travels inside another table's rows.
    case carriedBy(String)
    /// It stays behind, for this reason.
    case staysBehind(String)
  }

  /// The files of an export that hold rows.
  public enum Document: String, Sendable, CaseIterable {
    case realm = "realm.json"
    case messages = "messages-000001.json"
    case attachments = "attachment.json"
    case analytics = "analytics.json"
  }

  /// Which rows of the table belong to the organization.
  public enum Rows: Sendable, Equatable {
    /// The organization's own row.
    case organization
    /// A column holds the organization's id.
    case organizationColumn(String)
    /// A column holds the id of one of its users; the row is that user's own business.
    case userColumn(String)
    /// A column holds the id of one of its users; the row is what everyone in the organization sees of that user.
    case profileColumn(String)
    /// A column holds the id of a row of another table that belongs to it.
    case parentColumn(String, table: String)
    /// The table is shared by all organizations. (Later versions of the server export only rows that others refer to.)
    case everything
    case users
    /// Personal recipients of its users, its channels, its group messages.
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

/// What is special about one column.
public struct ColumnRule: Sendable {
  public let column: String
  /// The key in the export, where it is neither the column's name nor, for a foreign key, that name without `_id`.
  public let key: String?
  public let exported: Exported
  public let imported: Imported

  public enum Exported: Sendable, Equatable {
    case value
    /// Never leaves the server, for this reason.
    case never(String)
    /// The key is there, its value stays behind, for this reason.
    case null(String)
    /// The key is there as an object with nothing in it: what it holds stays behind, for this reason.
    case emptyObject(String)
    /// No column at all: an empty list that the official importer expects.
    case emptyList
    /// No column at all: the ids of the rows that a joining table ties to this row.
    case identifiers(joining: String, column: String)
    /// Another column's value under a second key.
    case copy(of: String)
  }

  public enum Imported: Sendable, Equatable {
    /// By the catalog: copied, or following its foreign key.
    case byCatalog
    /// Not a column of the table.
    case ignored
    /// A reference that no foreign key declares.
    case reference(String)
    /// `recipient.type_id`: a user, a channel or a group message, as the row's type says.
    case recipientTarget
    /// The id of a custom emoji as text, where the row says that it is a custom one.
    case emojiCode
    /// A column that says more of the row's custom emoji: nothing, where that one is not in the archive.
    case emojiPart
    /// The value of a custom profile field; of a field that holds users their ids.
    case profileValue
    /// Made anew, whatever the export says.
    case generated(Generated)
    /// Made anew only where the export has none.
    case generatedIfMissing(Generated)
    /// Text in which references are followed.
    case text(TextForm)
    /// `attachment.path_id`: where the importer put the file.
    case uploadPath
    /// Computed once all rows are in.
    case computedLater
    /// Whether the row's user is active.
    case userIsActive
    /// The key of a group message: a digest of its members' ids.
    case groupMessageHash
    /// How many members a group message has.
    case groupMessageSize
    /// The subdomain that the operator chose.
    case subdomain
    /// Off until the server itself finds that it works here.
    case off
    /// The HTML of a description: made anew where the description is plain text, for archives carry stale ones.
    case renderedDescription
    /// A user; where the export names none, the organization's first owner.
    case userOrFirstOwner
  }

  public enum Generated: Sendable, Equatable {
    case apiKey, token, unusablePassword, uuid, organizationOwnerSecret, emailToken
    /// The user has not agreed to the terms here yet.
    case termsNotSeen
  }

  public enum TextForm: Sendable, Equatable {
    case markdown, html, editHistory
    /// The part of an address behind its `#`.
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
