import Archive
import Common
import Server

/// The result of reading a whole backup.
public enum BackupStanding: Sendable, Codable, Equatable {
  /// All digests match.
  case sound(BackupHoldings)
  /// There is nothing to compare: made by the server's own command, or encrypted without a seal.
  case unproved(String)
  case damaged(String)

  /// The parts of the backup; nil if it is not known to be undamaged.
  public var holdings: BackupHoldings? {
    if case .sound(let holdings) = self { holdings } else { nil }
  }

  public var isCompleteAndSound: Bool { holdings?.isComplete ?? false }

  /// For example "complete", "partial: without the database", "damaged: …".
  public var label: String {
    switch self {
    case .sound(let holdings): holdings.label
    case .unproved(let why): "cannot be proved good: \(why)"
    case .damaged(let why): "damaged: \(why)"
    }
  }

  /// Reads a backup to its end, and returns its standing.
  static func find(
    _ backup: BackupFile, cancellation: Cancellation?, progress: ByteProgress? = nil
  ) throws -> BackupStanding {
    do {
      if backup.isEncrypted { return try sealed(backup, cancellation) }
      let reader = HoldingsReader()
      let report = try ArchiveCheck.verifyDigests(
        backup.path, visitor: reader, cancellation: cancellation, progress: progress)
      guard report.manifest?.kind == .backup else {
        return .unproved("it was not made by this program: there are no checksums to compare")
      }
      let members = try reader.finish(folders: report.folders, manifest: report.manifest)
      if let first = members.contradictions.first { return .damaged(first) }
      return .sound(members.holdings)
    } catch let cancelled as Cancelled {
      throw cancelled
    } catch let failure as ToolFailure {
      return .unproved("its dump cannot be read: \(failure.reason)")
    } catch let failure as any Failure {
      return .damaged(failure.reason)
    }
  }

  /// Returns the standing of an encrypted backup by its seal: only the program that made it knew its content.
  private static func sealed(_ backup: BackupFile, _ cancellation: Cancellation?) throws -> BackupStanding {
    guard BackupChecksum.digest(sealing: backup.path) != nil else {
      return .unproved("it is encrypted and has no .sha256 beside it")
    }
    guard try BackupChecksum.matches(backup.path, cancellation: cancellation) == true else {
      return .damaged("it does not match its .sha256")
    }
    guard let holdings = BackupChecksum.holdings(sealing: backup.path) else {
      return .unproved("it is encrypted, and its .sha256 does not say what it holds")
    }
    return .sound(holdings)
  }
}
