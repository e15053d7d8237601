/// The mappings of old ids and paths to new ones, for references in texts that are moved to another server.
struct References: Sendable {
  var users = IDMap()
  var channels = IDMap()
  var userGroups = IDMap()
  var messages = IDMap()
  /// The organization's ids on the old and the new server.
  var organization: (old: Int64, new: Int64) = (0, 0)
  /// The folders of uploaded files, `8/6d/monkS9…` → `2/1f/Xy…`, without the file name.
  var uploads: [String: String] = [:]
  /// The hosts whose absolute links refer to this organization.
  var hosts: Set<String> = []
}
