import Common
import Server

/// Private folders for unpacked archives, dumps and throw-away databases, whose process is dead.
struct ScratchLeftovers: LeftoverKind {
  func find(_ scene: LeftoverScene) throws -> [FoundLeftover] {
    Set(ScratchFolder.places + ScratchPlaces.remembered() + scene.jobs.work).sorted().flatMap {
      path -> [FoundLeftover] in
      guard let place = try? OpenFolder(path) else { return [] }
      let abandoned = ScratchFolder.abandoned(in: place).map { abandoned in
        FoundLeftover(
          "work folder of an interrupted command", abandoned.path,
          bytes: FolderTree.bytes(of: abandoned.name, in: place)
        ) { try abandoned.remove() }
      }
      return abandoned
        + ScratchFolder.unlocked(in: place).map { name in
          FoundLeftover(
            "work folder of an earlier version's interrupted command", "\(path)/\(name)",
            remedy: "look that no command is running, then: rm -r \(ShellWord.quoted("\(path)/\(name)"))")
        }
    }
  }
}
