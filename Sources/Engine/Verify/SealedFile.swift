import Archive
import Common
import Operations
import WholeServer

/// An encrypted archive without its private key: only the `.sha256` beside it can prove anything.
struct SealedFile: Sendable {
  let path: String

  enum State: Sendable, Equatable {
    /// The file is unchanged, byte for byte.
    case unchanged
    /// There is no readable `.sha256`.
    case unproved

    var sentence: String {
      switch self {
      case .unchanged: "matches: the file is unchanged"
      case .unproved: "none beside it that can be read: whether the file is intact cannot be proved"
      }
    }
  }

  enum Phase: String, OperationPhase {
    case read

    var title: String { "Compare the encrypted file with the SHA-256 beside it" }
  }

  /// - Throws: `.damagedArchive` if the file does not match its seal.
  func state(cancellation: Cancellation?, progress: ByteProgress?) throws -> State {
    switch try BackupChecksum.matches(path, cancellation: cancellation, progress: progress) {
    case true?: return .unchanged
    case nil: return .unproved
    case false?:
      throw PlainFailure(
        .damagedArchive, SafeText.clean(path, limit: .path),
        "the file is damaged: its SHA-256 is not the one in \(SafeText.clean(BackupChecksum.path(for: path), limit: .path))",
        remedy: "copy both files again from where they were made, or use another backup")
    }
  }

  /// - Throws: the errors of ``state(cancellation:progress:)``; `.archive` if nothing can be proved.
  func verify(_ progress: Progress) throws -> Summary {
    let state = try progress.phase(Phase.read, unit: .bytes) { meter in
      var seen: Int64 = 0
      return try self.state(cancellation: progress.cancellation) { done, total in
        meter.setTotal(total)
        try meter.advance(by: done - seen)
        seen = done
      }
    }
    let command = ArchiveWords.command(["verify", path, "--identity", "KEYFILE"])
    guard state == .unchanged else {
      throw PlainFailure(
        .archive, SafeText.clean(path, limit: .path),
        "is encrypted, and nothing about it can be proved: no private key was given, and no "
          + "\(SafeText.clean(BackupChecksum.path(for: path), limit: .path)) can be read",
        remedy:
          "copy the .sha256 here from where the backup was made, or decrypt it where the private key is: \(command)")
    }
    return Summary(
      title: "The encrypted file is unchanged; its content was not checked",
      facts: [
        Summary.Fact("Archive", path), Summary.Fact("Kind", "a file that age has encrypted"),
        Summary.Fact("Size", bytes: FileSystem.length(path) ?? 0),
      ]
        + (BackupChecksum.holdings(sealing: path).map {
          [Summary.Fact("Completeness", "\($0.label), as its .sha256 says")]
        } ?? []) + [
          Summary.Fact("Proved", "the file is unchanged since the backup"),
          Summary.Fact("Not proved", "its content, whether a key decrypts it, and whether it can be restored"),
        ],
      nextSteps: [
        "On a machine that may have the private key: \(command)",
        "There as well: \(ArchiveWords.rehearse(path, "KEYFILE"))",
      ])
  }
}
