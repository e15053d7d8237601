import Common

/// The names of avatar files, which the server computes from the user's id and a secret of its own.
///
/// Therefore avatars must be renamed when they are moved to another server, and a lost `avatar_salt` loses all of them.
package enum AvatarPath {
  /// Returns the file name without its extension: `<hash>.png`, `<hash>-medium.png`, `<hash>.original`.
  package static func hash(user: Int64, salt: Secret) -> String {
    Digest.hexadecimal(Array((String(user) + salt.reveal()).utf8), .sha1)
  }

  /// Returns the file name for later versions of the server, where a new picture gets a new name.
  package static func hash(user: Int64, version: Int64, salt: Secret) -> String {
    String(Digest.hexadecimal(Array("\(user):\(version):\(salt.reveal())".utf8)).prefix(40))
  }
}

/// Computes the avatar names of an organization imported into a server.
package struct AvatarNames {
  let salt: Secret
  /// The versions by the users' ids in the archive; nil if the server's names contain no versions.
  let versions: [Int64: Int64]?

  package init(salt: Secret, versions: [Int64: Int64]?) {
    self.salt = salt
    self.versions = versions
  }

  /// Returns the file name without its extension.
  package func name(user: Int64, oldUser: Int64) -> String {
    guard let versions else { return AvatarPath.hash(user: user, salt: salt) }
    return AvatarPath.hash(user: user, version: versions[oldUser] ?? 1, salt: salt)
  }
}
