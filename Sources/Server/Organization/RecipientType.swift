/// What a row of `zerver_recipient` points to: `Recipient.PERSONAL`, `STREAM` and `DIRECT_MESSAGE_GROUP` of the server.
package enum RecipientType {
  /// `type_id` is a row of `zerver_userprofile`.
  package static let personal = 1
  /// `type_id` is a row of `zerver_stream`.
  package static let channel = 2
  /// `type_id` is a row of `zerver_huddle`.
  package static let group = 3
}
