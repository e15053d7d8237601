import Common

/// Which parts of a server a backup holds, found out from its members; never from what it says of itself.
public struct BackupHoldings: Sendable, Codable, Equatable, Hashable {
  public enum Part: String, Sendable, Codable, CaseIterable, Comparable {
    case database, uploads, settings

    public static func < (left: Part, right: Part) -> Bool {
      allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
    }

    /// The part that a member of a backup shows to be there. A database is there with its table of contents: without it
    /// the files of its rows are of no use.
    ///
    /// - Parameter member: its name below the backup's own folder.
    init?(member name: String) {
      if name == BackupLayout.contents {
        self = .database
      } else if name.hasPrefix("\(BackupLayout.uploads)/") {
        self = .uploads
      } else if name.hasPrefix("\(BackupLayout.settings)/") {
        self = .settings
      } else {
        return nil
      }
    }

    /// "the uploads"
    var title: String {
      switch self {
      case .database: "the database"
      case .uploads: "the uploads"
      case .settings: "the settings and secrets"
      }
    }
  }

  public var parts: Set<Part>
  /// The server keeps uploads in S3, where no backup can have them: nothing is missing without them.
  public var keepsUploadsElsewhere: Bool

  public init(_ parts: Set<Part>, keepsUploadsElsewhere: Bool = false) {
    self.parts = parts
    self.keepsUploadsElsewhere = keepsUploadsElsewhere
  }

  public static let complete = BackupHoldings(Set(Part.allCases))

  public func has(_ part: Part) -> Bool { parts.contains(part) }

  /// The parts of a server that are not in it although they should be.
  public var missing: [Part] {
    Part.allCases.filter { !parts.contains($0) && !($0 == .uploads && keepsUploadsElsewhere) }
  }

  /// Whether a whole server can be restored from it.
  public var isComplete: Bool { missing.isEmpty }

  /// "complete", "complete; uploads are in S3", "partial: without the database"
  public var label: String {
    guard isComplete else { return "partial: without \(Self.list(missing))" }
    return keepsUploadsElsewhere && !has(.uploads) ? "complete; uploads are in S3" : "complete"
  }

  /// "the database, the uploads and the settings and secrets"
  static func list(_ parts: [Part]) -> String {
    guard let last = parts.last else { return "nothing" }
    let others = parts.dropLast().map(\.title).joined(separator: ", ")
    return others.isEmpty ? last.title : "\(others) and \(last.title)"
  }

  /// What it means to restore only this on a server: for each part that is missing what happens then.
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

extension SettingsFile {
  /// Whether these settings keep uploads in S3 rather than in a folder.
  var keepsUploadsInS3: Bool {
    self["LOCAL_UPLOADS_DIR"] == SettingsFile.Value.none
      || (text("LOCAL_UPLOADS_DIR") == nil && text("S3_AUTH_UPLOADS_BUCKET") != nil)
  }
}
