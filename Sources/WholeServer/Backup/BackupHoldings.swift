import Common
import Server

/// The parts of a server that a backup contains, determined by its members, never by its own statements.
public struct BackupHoldings: Sendable, Codable, Equatable, Hashable {
  public enum Part: String, Sendable, Codable, CaseIterable, Comparable {
    case database, uploads, settings

    public static func < (left: Part, right: Part) -> Bool {
      allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
    }

    /// For example "the uploads".
    var title: String {
      switch self {
      case .database: "the database"
      case .uploads: "the uploads"
      case .settings: "the settings and secrets"
      }
    }
  }

  public var parts: Set<Part>
  /// Whether the server stores uploads in S3, where no backup can include them: they do not count as missing.
  public var keepsUploadsElsewhere: Bool

  public init(_ parts: Set<Part>, keepsUploadsElsewhere: Bool = false) {
    self.parts = parts
    self.keepsUploadsElsewhere = keepsUploadsElsewhere
  }

  public static let complete = BackupHoldings(Set(Part.allCases))

  public func has(_ part: Part) -> Bool { parts.contains(part) }

  /// The parts that a complete backup of the server would contain and this one lacks.
  public var missing: [Part] {
    Part.allCases.filter { !parts.contains($0) && !($0 == .uploads && keepsUploadsElsewhere) }
  }

  /// Whether a whole server can be restored from the backup.
  public var isComplete: Bool { missing.isEmpty }

  /// For example "complete", "complete; uploads are in S3", "partial: without the database".
  public var label: String {
    guard isComplete else { return "partial: without \(Self.list(missing))" }
    return keepsUploadsElsewhere && !has(.uploads) ? "complete; uploads are in S3" : "complete"
  }

  /// Returns for example "the database, the uploads and the settings and secrets".
  static func list(_ parts: [Part]) -> String {
    guard let last = parts.last else { return "nothing" }
    let others = parts.dropLast().map(\.title).joined(separator: ", ")
    return others.isEmpty ? last.title : "\(others) and \(last.title)"
  }

  /// The consequences of restoring only this backup on a server, one for each missing part.
  var consequences: [String] {
    missing.map { part in
      switch part {
      case .database:
        "people and messages of this server are kept, while files and settings come from the backup: files of later "
          + "messages are lost, and encrypted values may not match the secrets"
      case .uploads:
        "messages of the backup refer to missing files: pictures, avatars and attachments are broken unless this "
          + "server's own uploads are the same"
      case .settings:
        "this server's secrets are kept: with another avatar_salt avatars are lost, and everybody may have to sign "
          + "in again"
      }
    }
  }
}
