import Common

/// Where archives are unpacked: on the disk of the uploads, private, one folder an operation.
enum WorkFolder {
  private static let mark = "lock"
  private static let prefix = "import-"

  private static func parent(_ installation: Installation) -> String { installation.uploadsFolder + "/.aloha-wizard" }

  /// A folder of the caller's own, to be removed at the end.
  static func make(_ installation: Installation) throws -> ClaimedFolder {
    let parent = parent(installation)
    try FileSystem.makeFolder(parent)
    while true {
      let path = "\(parent)/\(prefix)\(RandomText.alphanumeric(12))"
      if let folder = try ClaimedFolder.make(path, mark: mark) { return folder }
    }
  }

  /// Removes those whose processes are dead.
  static func removeAbandoned(_ installation: Installation) throws {
    let parent = parent(installation)
    guard FileSystem.isFolder(parent) else { return }
    for name in try FileSystem.names(in: parent) where name.hasPrefix(prefix) {
      try ClaimedFolder.abandoned("\(parent)/\(name)", mark: mark)?.remove()
    }
  }
}
