import Archive
import Common
import FoundationEssentials
import Operations

/// The names in a backup: the server's own, and the two that this program adds.
package enum BackupLayout {
  package static func rootFolder(_ brand: Brand) -> String { "\(brand.rawValue)-backup" }
  package static func versionFile(_ brand: Brand) -> String { "\(brand.rawValue)-version" }
  package static let systemFile = "os-version"
  package static let postgresFile = "postgres-version"
  package static let settings = "settings"
  package static let database = "database"
  package static let uploads = "uploads"
  package static let contents = "database/toc.dat"

  private static let partial = "partial"

  /// Returns "aloha-backup-2026-11-23-03-30-00-Ab3dE6gH.tar.gz"; the time is in UTC, so that names sort by it. Partial
  /// backups are named "aloha-backup-partial-2026-…".
  package static func fileName(_ brand: Brand, isPartial: Bool = false, at microseconds: Int64 = Timestamp.now())
    -> String
  {
    "\(rootFolder(brand))-\(isPartial ? "\(partial)-" : "")\(stamp(microseconds))-\(RandomText.alphanumeric(8)).tar.gz"
  }

  package static func isPartial(fileName: some StringProtocol) -> Bool {
    Brand.allCases.contains { fileName.hasPrefix("\(rootFolder($0))-\(partial)-") }
  }

  /// Returns for example "2026-11-23-03-30-00".
  package static func stamp(_ microseconds: Int64) -> String {
    String(Timestamp.iso(microseconds: microseconds).prefix(19).map { $0 == "T" || $0 == ":" ? "-" : $0 })
  }

  /// Returns the time in a name, in microseconds since 1970; nil for names without one.
  package static func moment(fileName: String) -> Int64? {
    let parts = fileName.split(separator: "-")
    guard let start = parts.firstIndex(where: { $0.count == 4 && $0.allSatisfy(\.isNumber) }), parts.count >= start + 6
    else { return nil }
    let words = parts[start..<(start + 6)].map { String($0.prefix { $0.isNumber }) }
    guard words.dropFirst().allSatisfy({ $0.count == 2 }) else { return nil }
    return Timestamp.microseconds(iso: "\(words[0])-\(words[1])-\(words[2])T\(words[3]):\(words[4]):\(words[5])")
  }

  /// Returns for example "debian 12", as the server's own backups record it; nil on systems that do not state it.
  package static func operatingSystem(_ path: String = "/etc/os-release") -> String? {
    guard let bytes = try? FileSystem.read(path, limit: 1 << 20) else { return nil }
    var values: [Substring: String] = [:]
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      guard let equals = line.firstIndex(of: "=") else { continue }
      values[line[..<equals]] = line[line.index(after: equals)...].filter { $0 != "\"" && $0 != "'" }
    }
    return values["ID"].map { SafeText.clean("\($0) \(values["VERSION_ID"] ?? "")", limit: .word).trimmed }
  }
}
