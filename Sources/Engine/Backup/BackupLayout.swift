import Archive
import Common
import FoundationEssentials

/// The names in a backup: the server's own, and the two that this program adds.
enum BackupLayout {
  static func rootFolder(_ brand: Brand) -> String { "\(brand.rawValue)-backup" }
  static func versionFile(_ brand: Brand) -> String { "\(brand.rawValue)-version" }
  static let systemFile = "os-version"
  static let postgresFile = "postgres-version"
  static let settings = "settings"
  static let database = "database"
  static let uploads = "uploads"
  static let contents = "database/toc.dat"

  private static let partial = "partial"

  /// Returns "aloha-backup-2026-11-23-03-30-00-Ab3dE6gH.tar.gz"; the time is in UTC, so that names sort by it. Partial
  /// backups are named "aloha-backup-partial-2026-…".
  static func fileName(_ brand: Brand, isPartial: Bool = false, at microseconds: Int64 = Timestamp.now()) -> String {
    "\(rootFolder(brand))-\(isPartial ? "\(partial)-" : "")\(stamp(microseconds))-\(RandomText.alphanumeric(8)).tar.gz"
  }

  static func isPartial(fileName: some StringProtocol) -> Bool {
    Brand.allCases.contains { fileName.hasPrefix("\(rootFolder($0))-\(partial)-") }
  }

  /// Returns for example "2026-11-23-03-30-00".
  static func stamp(_ microseconds: Int64) -> String {
    String(Timestamp.iso(microseconds: microseconds).prefix(19).map { $0 == "T" || $0 == ":" ? "-" : $0 })
  }

  /// Returns the time in a name, in microseconds since 1970; nil for names without one.
  static func moment(fileName: String) -> Int64? {
    let parts = fileName.split(separator: "-")
    guard let start = parts.firstIndex(where: { $0.count == 4 && $0.allSatisfy(\.isNumber) }), parts.count >= start + 6
    else { return nil }
    let words = parts[start..<(start + 6)].map { String($0.prefix { $0.isNumber }) }
    guard words.dropFirst().allSatisfy({ $0.count == 2 }) else { return nil }
    return Timestamp.microseconds(iso: "\(words[0])-\(words[1])-\(words[2])T\(words[3]):\(words[4]):\(words[5])")
  }

  /// Returns for example "debian 12", as the server's own backups record it; nil on systems that do not state it.
  static func operatingSystem(_ path: String = "/etc/os-release") -> String? {
    guard let bytes = try? FileSystem.read(path, limit: 1 << 20) else { return nil }
    var values: [Substring: String] = [:]
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      guard let equals = line.firstIndex(of: "=") else { continue }
      values[line[..<equals]] = line[line.index(after: equals)...].filter { $0 != "\"" && $0 != "'" }
    }
    return values["ID"].map { SafeText.clean("\($0) \(values["VERSION_ID"] ?? "")", limit: .word).trimmed }
  }
}

/// `backup.json`, near the beginning of this program's backups: the facts that a restore needs before unpacking.
struct BackupFacts: Codable, Sendable, Equatable {
  static let fileName = "backup.json"

  var program = Program.nameAndVersion
  /// ISO 8601, in UTC.
  var created: String
  var hostname: String?
  var databaseName: String?
  var databaseUser: String?
  /// The size of the database on the server's disk, including indexes.
  var databaseBytes: Int64?
  var uploadsFiles: Int64?
  var uploadsBytes: Int64?
  /// The organizations in the database; nil if there is no database, and in backups of earlier versions.
  var organizations: [Organization]?
  /// "complete", or the missing parts; nil in backups of earlier versions.
  var completeness: String?

  /// An organization of the backup, for the comparison with those of a live server.
  struct Organization: Codable, Sendable, Equatable {
    var id: Int64
    /// The `uuid` of `zerver_realm`; nil on servers before version 6.
    var uuid: String?
    var subdomain: String

    /// Returns whether it is the organization with this id and uuid: ids repeat on other servers, uuids never.
    func isSame(id: String?, uuid: String?) -> Bool {
      if let own = self.uuid, let uuid { return own == uuid }
      return id == String(self.id)
    }
  }

  func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
  }

  /// Returns nil if the text is invalid: a restore does not require it. An impossible amount, negative or above one
  /// PiB, counts as not stated: sums of such amounts never overflow.
  static func decode(_ bytes: [UInt8]) -> BackupFacts? {
    guard var facts = try? JSONDecoder().decode(BackupFacts.self, from: Data(bytes)) else { return nil }
    func plausible(_ amount: Int64?) -> Int64? { amount.flatMap { (0...(1 << 50)).contains($0) ? $0 : nil } }
    facts.databaseBytes = plausible(facts.databaseBytes)
    facts.uploadsFiles = plausible(facts.uploadsFiles)
    facts.uploadsBytes = plausible(facts.uploadsBytes)
    return facts
  }
}
