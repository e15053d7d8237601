import Common

/// The names of avatar files, which the server computes from the user's id and a secret of its own.
///
/// That is why avatars must be renamed on the way to another server, and why a lost `avatar_salt` loses all of them.
enum AvatarPath {
  /// The file's name without its ending: `<hash>.png`, `<hash>-medium.png`, `<hash>.original`.
  static func hash(user: Int64, salt: Secret) -> String {
    Digest.hexadecimal(Array((String(user) + salt.reveal()).utf8), .sha1)
  }

  /// The same on later versions of the server, where a new picture gets a new name.
  static func hash(user: Int64, version: Int64, salt: Secret) -> String {
    String(Digest.hexadecimal(Array("\(user):\(version):\(salt.reveal())".utf8)).prefix(40))
  }
}

/// How a server names the avatars of an organization that comes to it.
struct AvatarNames {
  let salt: Secret
  /// By the users' ids in the archive; nil where the server's names know no versions.
  let versions: [Int64: Int64]?

  /// The file's name without its ending.
  func name(user: Int64, oldUser: Int64) -> String {
    guard let versions else { return AvatarPath.hash(user: user, salt: salt) }
    return AvatarPath.hash(user: user, version: versions[oldUser] ?? 1, salt: salt)
  }
}
