import Archive
import Common

/// Finds out what of a server a backup holds, from the members that pass while it is read for something else.
final class HoldingsReader: MemberVisitor {
  private var parts: Set<BackupHoldings.Part> = []
  private var settings: [UInt8]?
  private var isInSettings = false

  private static let settingsFile = "\(BackupLayout.settings)/settings.py"
  private static let textLimit: Int64 = 1 << 20

  func begin(_ header: MemberHeader) -> Bool {
    let name = header.name
    if name == BackupLayout.contents { parts.insert(.database) }
    if name.hasPrefix("\(BackupLayout.uploads)/") { parts.insert(.uploads) }
    if name.hasPrefix("\(BackupLayout.settings)/") { parts.insert(.settings) }
    guard name == Self.settingsFile, header.size <= Self.textLimit else { return false }
    settings = []
    return true
  }

  func take(_ bytes: UnsafeRawBufferPointer) { settings?.append(contentsOf: bytes) }

  func end() {}

  /// - Parameter folders: of the archive, at its top: uploads may be a folder without a file.
  func holdings(folders: Set<String>) -> BackupHoldings {
    let file = settings.map { SettingsFile(String(decoding: $0, as: UTF8.self)) }
    return BackupHoldings(
      folders.contains(BackupLayout.uploads) ? parts.union([.uploads]) : parts,
      keepsUploadsElsewhere: file?.keepsUploadsInS3 ?? false)
  }
}
