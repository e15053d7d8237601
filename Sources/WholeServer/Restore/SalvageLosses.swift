import Archive
import Common
import Operations
import Server

/// The losses of a damaged backup, and their consequences for a server.
struct SalvageLosses {
  private let lost: [PartsUnpacker.Lost]
  /// The faults of the archive's file itself.
  private let faults: [String]
  /// Whether the backup's own list of files was available for the comparison.
  private let isProved: Bool

  private static let shown = 10

  init(_ lost: [PartsUnpacker.Lost], faults: [String], isProved: Bool) {
    self.lost = lost
    self.faults = faults
    self.isProved = isProved
  }

  private func part(_ name: String) -> [PartsUnpacker.Lost] { lost.filter { $0.name.hasPrefix("\(name)/") } }

  /// - Throws: `.damagedArchive` if a file of the dump is lost.
  func requireDatabase(_ archive: String) throws {
    let files = part(BackupLayout.database)
    guard let first = files.first else { return }
    throw PlainFailure(
      .damagedArchive, SafeText.clean(archive, limit: .path),
      "\(Amount.of(Int64(files.count), "file")) of its database cannot be had, \(Self.text(first)): a server without these "
        + "rows would not fit together",
      remedy: "use another backup for the database; its uploads and settings can be unpacked by hand and given with "
        + "--uploads and --settings")
  }

  /// - Throws: `.damagedArchive` if a file is lost that a server cannot start without.
  func requireSettings(_ archive: String, _ brand: Brand) throws {
    let needed = ["settings.py", "\(brand.rawValue)-secrets.conf", "\(brand.rawValue).conf"]
    let files = part(BackupLayout.settings)
    guard let first = files.first(where: { file in needed.contains { file.name == "\(BackupLayout.settings)/\($0)" } })
    else { return }
    throw PlainFailure(
      .damagedArchive, SafeText.clean(archive, limit: .path), "\(Self.text(first)), and no server starts without it",
      remedy: "restore with --keep-settings, and copy that file from elsewhere")
  }

  /// The warnings for the summary.
  var warnings: [String] {
    var said = faults.prefix(3).map { "Damage in the archive: \($0)" }
    if !lost.isEmpty {
      said.append("\(Amount.of(Int64(lost.count), "file")) of the backup \(lost.count == 1 ? "is" : "are") lost")
      said += lost.prefix(Self.shown).map { "Lost: \(Self.text($0))" }
      if lost.count > Self.shown { said.append("Lost: \(lost.count - Self.shown) more, in the list") }
    }
    if !isProved {
      said.append(
        "The backup's list of files is lost: files after the damage are unknown, and nothing could be compared"
      )
    }
    return said
  }

  /// Returns the number of lost files, as far as it is known: by name, or by the number that the backup states.
  ///
  /// - Parameters:
  ///   - expected: the number of uploads that the backup states; nil if it states none.
  ///   - uploads: the number of restored uploads.
  func count(expected: Int64?, uploads: Int64) -> Int64 {
    max(Int64(lost.count), max(0, (expected ?? 0).subtractingReportingOverflow(uploads).partialValue))
  }

  var isComplete: Bool { isProved }

  /// Writes all lost files, one per line.
  func write(_ path: String) throws {
    guard !lost.isEmpty else { return }
    let lines = lost.map { "\(SafeText.clean($0.name, limit: 1000)): \($0.why)\n" }.joined()
    try FileSystem.replace(path, with: lines.utf8)
  }

  private static func text(_ lost: PartsUnpacker.Lost) -> String {
    "\(SafeText.clean(lost.name, limit: .line)): \(lost.why)"
  }
}
