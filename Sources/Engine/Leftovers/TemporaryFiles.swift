import Administration
import Common
import WholeServer

/// Files that were about to replace others: configuration with secrets, records, notes.
struct TemporaryFiles: LeftoverKind {
  func find(_ scene: LeftoverScene) throws -> [FoundLeftover] {
    var places = [(scene.jobs.records, ""), (RestoreState(root: scene.root).folder, "")]
    if let installation = scene.installation {
      places.append((installation.configurationFolder, ""))
      places.append((installation.uploadsFolder, DeletionJournal.prefix))
    }
    return places.flatMap { path, prefix -> [FoundLeftover] in
      guard FileSystem.isFolder(path), let folder = try? OpenFolder(path) else { return [] }
      return ((try? folder.names()) ?? []).filter { $0.hasPrefix(prefix) && Self.isTemporary($0) }.compactMap { name in
        OwnFile.bytes(name, in: folder, settled: scene.jobs.settled).map { bytes in
          FoundLeftover("temporary file of an interrupted command", "\(path)/\(name)", bytes: bytes) {
            try OwnFile.remove(name, in: folder, settled: scene.jobs.settled)
          }
        }
      }
    }
  }

  /// Returns whether the name has a form such as "aloha-secrets.conf.Ab3dEf7h.tmp".
  static func isTemporary(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count > 2, parts.last == "tmp" else { return false }
    let mark = parts[parts.count - 2]
    return mark.utf8.count == 8
      && mark.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
  }
}
