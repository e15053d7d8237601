/// The values of `zerver_userprofile.role`: `UserProfile.ROLE_REALM_OWNER` and the other roles of the server.
///
/// The smaller the number, the more rights.
package enum UserRole {
  package static let owner = 100
  package static let administrator = 200
  package static let moderator = 300
  package static let member = 400
  package static let guest = 600

  /// All roles, the one with most rights first.
  package static let all = [owner, administrator, moderator, member, guest]
}
