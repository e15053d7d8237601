import Archive
import Common
import FoundationEssentials
import Operations

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
