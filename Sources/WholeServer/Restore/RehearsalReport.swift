import Common
import Glibc
import Operations

/// The result of a rehearsal, for operators and for monitoring.
public struct RehearsalReport: Sendable, Codable, Equatable {
  public let archive: String
  /// When the backup was made, ISO 8601; nil if the backup does not state it.
  public let created: String?
  /// The size of the file.
  public let bytes: Int64?
  /// The parts of the backup: only a complete backup restores a whole server.
  public internal(set) var holdings = BackupHoldings([])
  /// Whether the backup contained digests to compare.
  public internal(set) var hasDigests = false
  public internal(set) var tables: Int64 = 0
  public internal(set) var rows: Int64 = 0
  public internal(set) var files: Int64 = 0
  /// Uploads that messages refer to and that are not in the backup.
  public internal(set) var missingFiles: Int64 = 0
  /// Unusual properties of the backup that an operator must know before a restore.
  public internal(set) var oddities: [String] = []
  /// Differences from the statements of the backup; empty if there are none.
  public internal(set) var problems: [String] = []
  /// The duration in seconds, of the rehearsal and of the database alone.
  public internal(set) var seconds = 0.0
  public internal(set) var databaseSeconds = 0.0

  init(archive: String, created: String?, bytes: Int64?) {
    self.archive = archive
    self.created = created
    self.bytes = bytes
  }

  public var isSound: Bool { faults.isEmpty }

  /// The problems that make the backup unusable.
  private var faults: [String] {
    problems + (tables == 0 || rows == 0 ? ["no table with rows came out of it"] : [])
  }

  private var isPartial: Bool { !holdings.isComplete }

  /// Returns the age of the backup in seconds.
  public func age(now: Int64 = Timestamp.now()) -> Int64? {
    created.flatMap { Timestamp.microseconds(iso: $0) }.map { (now - $0) / 1_000_000 }
  }

  private var name: String { SafeText.clean(FileSystem.name(of: archive), limit: .title) }

  private var sentence: String {
    "\(name) restored in \(Amount.duration(seconds: seconds)): \(Amount.of(tables, "table")), "
      + "\(Amount.of(rows, "row")), \(Amount.of(files, "file"))"
  }

  // MARK: Monitoring

  /// One line in the format of Nagios plugins.
  public var nagiosLine: String {
    let numbers =
      "time=\(Self.short(seconds))s rows=\(rows) files=\(files) missing=\(missingFiles)"
      + (age().map { " age=\($0)s" } ?? "") + (bytes.map { " size=\($0)B" } ?? "")
    let words: String =
      if let first = faults.first { "\(name): \(first)" } else if isPartial {
        "\(sentence), but it is \(holdings.label)"
      } else if let first = oddities.first {
        "\(sentence), but \(first)"
      } else if missingFiles > 0 {
        "\(sentence), \(Amount.of(missingFiles, "file")) that messages name not in it"
      } else { sentence }
    // A vertical bar separates the performance data.
    return "RESTORE \(["OK", "WARNING", "CRITICAL"][Int(nagiosStatus)]) - \(words.replacing("|", with: "/"))|\(numbers)"
  }

  /// 0 is OK, 1 a warning, 2 critical.
  public var nagiosStatus: Int32 { isSound ? missingFiles > 0 || isPartial || !oddities.isEmpty ? 1 : 0 : 2 }

  /// Returns the line for a rehearsal that failed.
  ///
  /// - Parameter backup: its path.
  public static func nagiosLine(failure: any Error, of backup: String) -> String {
    let report = FailureReport(failure)
    let name = SafeText.clean(FileSystem.name(of: backup), limit: .title)
    let subject = report.subject == backup || report.subject == name ? "" : "\(report.subject): "
    return "RESTORE CRITICAL - \(name): \(subject)\(report.reason)".replacing("|", with: "/")
  }

  /// Writes the metrics for the textfile collector of the node exporter, atomically.
  ///
  /// - Throws: `.file` if the file cannot be written.
  public func writePrometheus(_ path: String) throws {
    try FileSystem.replace(path, with: prometheusText.utf8, mode: 0o644)
  }

  /// Writes the metrics of a rehearsal that failed: without the time of the last success, which must not look recent.
  public static func writePrometheus(failureTo path: String) throws {
    let text = metric("aloha_wizard_rehearsal_success", "Whether the last rehearsal of a restore succeeded.", "0")
    try FileSystem.replace(path, with: text.utf8, mode: 0o644)
  }

  public var prometheusText: String {
    var text = Self.metric(
      "aloha_wizard_rehearsal_success", "Whether the last rehearsal of a restore succeeded.", isSound ? "1" : "0")
    text += Self.metric(
      "aloha_wizard_rehearsal_timestamp_seconds", "When it ended.", "\(Timestamp.now() / 1_000_000)")
    text += Self.metric("aloha_wizard_rehearsal_duration_seconds", "How long it took.", Self.short(seconds))
    text += Self.metric(
      "aloha_wizard_backup_complete", "Whether the backup holds a whole server.", isPartial ? "0" : "1")
    text += Self.metric("aloha_wizard_rehearsal_rows", "Rows that were restored.", "\(rows)")
    text += Self.metric("aloha_wizard_rehearsal_files", "Files that were restored.", "\(files)")
    text += Self.metric(
      "aloha_wizard_rehearsal_missing_files", "Uploads that messages name and the backup lacks.", "\(missingFiles)")
    if let moment = created.flatMap({ Timestamp.microseconds(iso: $0) }) {
      text += Self.metric("aloha_wizard_backup_timestamp_seconds", "When the backup was made.", "\(moment / 1_000_000)")
    }
    if let bytes { text += Self.metric("aloha_wizard_backup_bytes", "Size of the backup.", "\(bytes)") }
    return text
  }

  private static func metric(_ name: String, _ help: String, _ value: String) -> String {
    "# HELP \(name) \(help)\n# TYPE \(name) gauge\n\(name) \(value)\n"
  }

  private static func short(_ seconds: Double) -> String {
    let tenths = Int64((seconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  // MARK: Summary

  /// - Throws: `.damagedArchive` if the backup does not contain what it says.
  package func summary(_ progress: Progress) throws -> Summary {
    guard isSound else {
      throw PlainFailure(
        .damagedArchive, SafeText.clean(archive, limit: .path),
        "was restored, but is not as it says: \(faults.prefix(5).joined(separator: "; "))",
        remedy: "make a new backup and rehearse that one; find out why this one is damaged")
    }
    if missingFiles > 0 {
      progress.warn("\(Amount.of(missingFiles, "file")) that messages name are not in the backup")
    }
    return Summary(
      title: isPartial
        ? "The rehearsal succeeded, but this backup is partial: it cannot restore a whole server"
        : "The rehearsal succeeded: this backup can be restored",
      facts: [
        Summary.Fact("Completeness", holdings.label),
        Summary.Fact(
          "Database",
          "\(Amount.of(tables, "table")), \(Amount.of(rows, "row")), in \(Amount.duration(seconds: databaseSeconds))",
          amounts: [.tables: tables, .rows: rows]),
        Summary.Fact("Uploads", Amount.of(files, "file"), amounts: [.files: files]),
        Summary.Fact("Digests", hasDigests ? "every one was compared" : "the backup has none"),
        age().map { Summary.Fact("Age of the backup", seconds: Double($0)) }
          ?? Summary.Fact("Age of the backup", "unknown"),
        Summary.Fact("Time", seconds: seconds),
        Summary.Fact("Monitoring", nagiosLine),
      ])
  }
}
