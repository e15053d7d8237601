/// What a text that travels to another server can refer to: old ids and paths to new ones.
struct References: Sendable {
  var users = IDMap()
  var channels = IDMap()
  var userGroups = IDMap()
  var messages = IDMap()
  /// The organization's id on the old server and on the new one.
  var organization: (old: Int64, new: Int64) = (0, 0)
  /// Folders of uploaded files, `8/6d/monkS9…` → `2/1f/Xy…`, without the file's name.
  var uploads: [String: String] = [:]
  /// Hosts whose absolute links mean this organization.
  var hosts: Set<String> = []
}
