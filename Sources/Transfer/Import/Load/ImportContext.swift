import Common
import Operations
import Server

/// All facts besides the row itself that the cells of an import are computed from: the new ids, and facts of other
/// rows.
struct ImportContext {
  /// The subdomain that the operator chose.
  let subdomain: String
  /// The new ids by table. A table whose key is the key of another table shares that table's map.
  var maps: [String: IDMap] = [:]
  var rewriter = TextRewriter(references: References())
  /// Whether the organization that was exported is on this same server: unique identities must then be generated again.
  var isCopy = false
  /// The new paths of uploaded files by their old ones.
  var uploadPaths: [String: String] = [:]
  /// Old ids of the users who can sign in.
  var activeUsers: Set<Int64> = []
  /// Old ids of the system bots, who are active on every server.
  var systemBots: Set<Int64> = []
  /// System bots of the archive that this server does not have.
  var substitutedBots: [String] = []
  /// Tables whose rows cannot be used: user groups that have no names.
  var leftOutTables: Set<String> = []
  /// The one-to-one and group conversations, with the recipients of their messages on this server.
  var conversations = Conversations()
  var userFields: Set<Int64> = []
  /// New id of the organization's first active owner.
  var firstOwner: Int64?
  /// The authentication methods that may be kept; nil if all may.
  var allowedAuthentication: Set<String>?
}

/// Values that each import generates.
enum GeneratedValue {
  static func text(_ kind: ColumnRule.Generated, brand: Brand) -> String {
    switch kind {
    case .apiKey, .token: RandomText.alphanumeric(32)
    // The server itself writes this form for accounts that cannot sign in with a password.
    case .unusablePassword: "!" + RandomText.alphanumeric(40)
    case .uuid: uuid()
    case .organizationOwnerSecret: "\(brand.rawValue)realm_" + RandomText.alphanumeric(32)
    case .emailToken: RandomText.hexadecimal(32)
    case .termsNotSeen: "-1"
    }
  }

  /// Returns a random UUID, version 4.
  private static func uuid() -> String {
    var digits = Array(RandomText.hexadecimal(32))
    digits[12] = "4"
    digits[16] = ["8", "9", "a", "b"].randomElement() ?? "8"
    return String(digits)
  }
}
