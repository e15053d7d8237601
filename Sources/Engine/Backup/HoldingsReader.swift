import Archive
import Common

/// Determines the parts of a backup from its members, while it is read for another purpose.
final class HoldingsReader: MemberVisitor {
  private var parts: Set<BackupHoldings.Part> = []
  private var settings: [UInt8]?
  private var contents: [UInt8]?
  private var dumpFiles: Set<String> = []
  private var isInContents = false

  private static let settingsFile = "\(BackupLayout.settings)/settings.py"
  private static let textLimit: Int64 = 1 << 20
  private static let contentsLimit: Int64 = 64 << 20

  func begin(_ header: MemberHeader) -> Bool {
    let name = header.name
    if let part = BackupHoldings.Part(member: name) { parts.insert(part) }
    if name.hasPrefix("\(BackupLayout.database)/") {
      dumpFiles.insert(String(name.dropFirst(BackupLayout.database.count + 1)))
    }
    isInContents = name == BackupLayout.contents && header.size <= Self.contentsLimit
    if isInContents {
      contents = []
      return true
    }
    guard name == Self.settingsFile, header.size <= Self.textLimit else { return false }
    settings = []
    return true
  }

  func take(_ bytes: UnsafeRawBufferPointer) {
    if isInContents { contents?.append(contentsOf: bytes) } else { settings?.append(contentsOf: bytes) }
  }

  /// Returns the files of the dump that its table of contents lists and that were not read; empty if pg_restore is not
  /// installed.
  func missingDumpFiles() throws -> [String] {
    guard let contents, let tools = PostgresTools.installed().max(by: { $0.major < $1.major }) else { return [] }
    let scratch = try ScratchFolder(in: ScratchFolder.place(among: ScratchFolder.places, for: nil) ?? "/tmp")
    defer { scratch.remove() }
    let folder = "\(scratch.path)/contents"
    try FileSystem.makeFolder(folder)
    try FileSystem.replace("\(folder)/toc.dat", with: contents)
    return DumpFiles.missing(try DumpContents.read(folder, tools: tools), among: dumpFiles)
  }

  func end() {}

  /// - Parameter folders: the top-level folders of the archive: uploads may be a folder without files.
  func holdings(folders: Set<String>) -> BackupHoldings {
    let file = settings.map { SettingsFile(String(decoding: $0, as: UTF8.self)) }
    return BackupHoldings(
      folders.contains(BackupLayout.uploads) ? parts.union([.uploads]) : parts,
      keepsUploadsElsewhere: file?.keepsUploadsInS3 ?? false)
  }
}
