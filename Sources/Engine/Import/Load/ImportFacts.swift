import Common

/// Everything that the cells of an import are made from, besides the row itself: the new ids, and facts of other rows.
struct ImportFacts {
  /// The subdomain that the operator chose.
  let subdomain: String
  /// By table. A table whose key is another table's key shares that one's map.
  var maps: [String: IDMap] = [:]
  var rewriter = TextRewriter(references: References())
  /// The organization that the archive comes from is on this very server: identities that exist once must be new.
  var isCopy = false
  /// New paths of uploaded files by their old ones.
  var uploadPaths: [String: String] = [:]
  /// Old ids of users who can sign in.
  var activeUsers: Set<Int64> = []
  /// Old ids of the system bots, who are active on every server.
  var systemBots: Set<Int64> = []
  /// System bots of the archive that this server does not have.
  var substitutedBots: [String] = []
  /// Tables whose rows cannot be used: groups of users without a name each.
  var leftOutTables: Set<String> = []
  /// The one-to-one and group conversations, with the places of their messages on this server.
  var conversations = Conversations()
  var userFields: Set<Int64> = []
  /// New id of the organization's first owner who is active.
  var firstOwner: Int64?
  /// Authentication methods that may be kept; nil where all are.
  var allowedAuthentication: Set<String>?
}

/// Values that are made anew on every import.
enum GeneratedValue {
  static func text(_ kind: ColumnRule.Generated, brand: Brand) -> String {
    switch kind {
    case .apiKey, .token: RandomText.alphanumeric(32)
    // What the server itself writes where nobody can sign in with a password.
    case .unusablePassword: "!" + RandomText.alphanumeric(40)
    case .uuid: uuid()
    case .organizationOwnerSecret: "\(brand.rawValue)realm_" + RandomText.alphanumeric(32)
    case .emailToken: RandomText.hexadecimal(32)
    case .termsNotSeen: "-1"
    }
  }

  /// A random UUID, version 4.
  private static func uuid() -> String {
    var digits = Array(RandomText.hexadecimal(32))
    digits[12] = "4"
    digits[16] = ["8", "9", "a", "b"].randomElement() ?? "8"
    return String(digits)
  }
}
