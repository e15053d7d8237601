import Common
import Engine
import Operations
import Terminal

/// The functions that search for archives. Tests replace them.
struct ArchiveSearch: Sendable {
  /// The archives and backups for a server, the newest first.
  var found: @Sendable (FlowContext, Cancellation) throws -> FoundArchives
  /// Microseconds since 1970.
  var now: @Sendable () -> Int64 = { Timestamp.now() }

  static let real = ArchiveSearch(found: { context, cancellation in
    try ArchiveFinder(root: context.root, current: context.currentFolder, others: [context.archiveFolder])
      .find(cancellation: cancellation)
  })

  /// A search without a result.
  static let none = ArchiveSearch(found: { _, _ in FoundArchives() })
}

/// The list of found archives as a field, for all steps that ask for one. The last row leads to a typed path.
struct ArchiveList: Sendable {
  /// What the step can use; other archives are left out and counted.
  enum Purpose: Sendable {
    case exports, backups, both
  }

  /// The row for an archive that was not found.
  static let other = "other"

  let purpose: Purpose
  let found: FoundArchives
  let now: Int64

  /// The archives that are listed.
  private var listed: [FoundArchive] { found.archives.filter { isWanted($0) } }

  /// The file names that several archives have: these are listed with their paths.
  private var repeated: Set<String> {
    var seen: Set<String> = []
    return Set(listed.map(\.name).filter { !seen.insert($0).inserted })
  }

  var isEmpty: Bool { listed.isEmpty }

  private func isWanted(_ archive: FoundArchive) -> Bool {
    switch archive.content {
    case .export: purpose != .backups
    case .backup: purpose != .exports
    case .unknown: true
    case .other: false
    }
  }

  /// Returns the field.
  ///
  /// - Parameter id: its id; with the step's it is the key of the answer, which is a path or ``other``.
  func field(_ id: String, _ title: String, key: AnswerKey<String>) -> Field {
    let listed = listed
    let repeated = repeated
    let explanations = Dictionary(
      listed.compactMap { archive in Self.explanation(of: archive).map { (archive.path, $0) } }
    ) { first, _ in first }
    return Field(
      id, title,
      .table(columns: columns, rows: listed.map { row($0, withPath: repeated.contains($0.name)) } + [Self.otherRow]),
      hint: { answers in
        let path = answers[key]
        guard path != Self.other else { return nil }
        let shown = SafeText.clean(path, limit: .path)
        return explanations[path].map { "\(shown). \($0)." } ?? shown
      },
      preset: { _ in .text(listed.first { isProposed($0) }?.path ?? Self.other) })
  }

  /// A partial or damaged archive, and one that nothing is known about, is never preselected.
  private func isProposed(_ archive: FoundArchive) -> Bool {
    archive.canBeProposed && archive.content != .unknown && obstacle(to: archive) == nil
  }

  private static func explanation(of archive: FoundArchive) -> String? {
    archive.isFolder && archive.state == .begun
      ? "An unpacked folder: its files were not read yet" : archive.state.explanation
  }

  /// Returns a sentence about archives that are not listed; nil if all are.
  var remark: String? {
    var parts: [String] = []
    func count(_ name: String, _ plural: String? = nil, _ matches: (FoundArchive.Content) -> Bool) {
      let number = found.archives.count { !isWanted($0) && matches($0.content) }
      if number > 0 { parts.append(Amount.of(Int64(number), name, plural)) }
    }
    count("backup of a whole server", "backups of whole servers") { $0 == .backup }
    count("export of an organization", "exports of organizations") { $0 == .export }
    count("file of another kind", "files of other kinds") { if case .other = $0 { true } else { false } }
    if found.unlisted > 0 { parts.append(Amount.of(Int64(found.unlisted), "older file")) }
    guard let last = parts.popLast() else { return nil }
    return "Not listed: \(parts.isEmpty ? last : "\(parts.joined(separator: ", ")) and \(last)")."
  }

  // MARK: Words

  static let explanation: [TextBlock] = [.paragraph("Archives on this machine, the newest first:")]

  static func help(_ context: FlowContext) -> [TextBlock] {
    [
      .paragraph(
        "The list covers the folder in which the wizard was started, \(context.archiveFolder), /tmp, /var/backups and "
          + "similar folders, and the files of recent jobs of this server. Exports and backups of the server's own "
          + "commands work too, and so do the folders that they were unpacked into."),
      .paragraph(
        "Only the beginning of each file is read here. An archive that is too large for that, an encrypted one, and "
          + "one for which there was no time, is marked; the next steps read the chosen one."),
      .paragraph("For an archive on another machine: copy it here first, then choose it, or enter its path."),
    ]
  }

  // MARK: Rows

  private var columns: [Table.Column] {
    let first: Table.Column =
      switch purpose {
      case .exports: .init("Organization", least: 14)
      case .backups: .init("Made (UTC)", least: 16)
      case .both: .init("Content", least: 14)
      }
    return [
      first, .init("Age", least: 10), .init("Size", alignment: .trailing, least: 7), .init("State", least: 8),
      .init("File", least: 3, grows: true),
    ]
  }

  private static let otherRow = Field.Row(
    id: other, cells: ["Another one", "", "", "", "you type its path"], label: "another one, by its path")

  private func row(_ archive: FoundArchive, withPath: Bool) -> Field.Row {
    let path = SafeText.clean(archive.path, limit: .path)
    return Field.Row(
      id: archive.path,
      cells: [
        subject(archive), Age.ago(archive.moment, now: now), archive.bytes.map { Amount.bytes($0) } ?? "folder",
        archive.stateWords, withPath ? path : archive.name,
      ], label: path, disabled: obstacle(to: archive))
  }

  /// Returns why an archive cannot be chosen; nil if it can.
  private func obstacle(to archive: FoundArchive) -> String? {
    if !archive.hasPlainName { return "its path has characters that cannot be shown: rename it first" }
    if purpose == .exports, archive.isEncrypted {
      return "it is encrypted, and an import reads only plain archives: decrypt it with age first"
    }
    return nil
  }

  private func subject(_ archive: FoundArchive) -> String {
    switch purpose {
    case .backups: Timestamp.minutes(microseconds: archive.moment)
    case .exports: organization(archive) ?? "unknown"
    case .both:
      switch archive.content {
      case .backup: "backup"
      case .export: "export\(organization(archive).map { ": \($0)" } ?? "")"
      case .other, .unknown: "unknown"
      }
    }
  }

  private func organization(_ archive: FoundArchive) -> String? {
    guard let organization = archive.organization else { return nil }
    // The subdomain is first: a narrow column cuts the rest off.
    let subdomain = organization.subdomain.isEmpty ? "root domain" : organization.subdomain
    return organization.name.map { "\(subdomain) (\($0))" } ?? subdomain
  }
}
