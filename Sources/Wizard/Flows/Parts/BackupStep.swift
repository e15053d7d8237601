import Common
import Operations
import Terminal
import WholeServer

/// The steps that ask for a backup, and for the key of an encrypted one.
struct BackupStep: Sendable {
  enum Key {
    static let which: AnswerKey<String> = "backup.which"
    static let path: AnswerKey<String> = "backup.path"
    static let identity: AnswerKey<String> = "key.file"
  }

  /// The row for a backup that was not found.
  private static let other = "other"

  let heading: String
  var isVisible: @Sendable (Answers) -> Bool = { _ in true }

  /// Returns the chosen backup; empty without a choice.
  static func path(_ answers: Answers) -> String {
    let which = answers[Key.which]
    return which == other ? answers[Key.path] : which
  }

  /// Returns answers that skip the question.
  static func given(_ path: String, identity: String? = nil) -> [String: Answer] {
    var answers: [String: Answer] = [Key.which.name: .text(other), Key.path.name: .text(path)]
    if let identity { answers[Key.identity.name] = .text(identity) }
    return answers
  }

  static func fileName(_ answers: Answers) -> String? {
    let name = FileSystem.name(of: path(answers))
    return name.isEmpty ? nil : name
  }

  static func isEncrypted(_ answers: Answers) -> Bool { EncryptedFile.isOne(path(answers)) }

  static func identity(_ answers: Answers) -> String? { isEncrypted(answers) ? answers.given(Key.identity) : nil }

  func steps(_ context: FlowContext, _ queries: BackupQueries) -> [Step] { [choice(context, queries), key] }

  // MARK: Which

  private func choice(_ context: FlowContext, _ queries: BackupQueries) -> Step {
    let heading = heading
    return Step(
      "backup", "Backup", heading: { _ in heading },
      explanation: { _ in [.paragraph("These were found on this machine, the newest first.")] },
      help: [
        .paragraph(
          "The list covers folders of earlier backups of this server, /tmp, /var/backups and similar ones. Backups "
            + "of the server's own command work too, and so does the folder that a backup was unpacked into."),
        .paragraph("For a backup on another machine: copy it here first, then enter its path."),
      ], isVisible: isVisible,
      lookup: Lookup(
        "Looking for backups", key: { _ in context.root }, brings: fields([], now: 0)
      ) { _, _ in
        let found = queries.found(context.root, [context.archiveFolder])
        return LookupResult(
          fields: fields(Array(found.prefix(50)), now: queries.now()),
          findings: found.isEmpty
            ? [Finding(.warning, "backups", "no backup was found in the usual folders", remedy: "type the path of one")]
            : [])
      }, decides: [.backup])
  }

  private func fields(_ found: [BackupFile], now: Int64) -> [Field] {
    [
      Field(
        "which", "Backup",
        .table(
          columns: [
            .init("Made (UTC)", least: 16), .init("Age", least: 8), .init("Size", alignment: .trailing, least: 7),
            .init("Where", least: 12, grows: true),
          ], rows: found.map { row($0, now: now) } + [Self.otherRow]),
        hint: { answers in
          let path = answers[Key.which]
          return path == Self.other ? nil : SafeText.clean(path, limit: .path)
        },
        // A partial or damaged backup is never preselected.
        preset: { _ in found.first { $0.remark == nil }.map { .text($0.path) } }),
      Field(
        "path", "Its path", name: "Path", .path, isVisible: { $0.given(Key.which) == Self.other },
        hint: { _ in "A .tar.gz, an encrypted .age, or the folder that it was unpacked into." },
        check: { AnswerCheck.absolutePath($0[Key.path]) }),
    ]
  }

  private static let otherRow = Field.Row(
    id: other, cells: ["Another one", "", "", "you type its path"], label: "another one, by its path")

  private func row(_ backup: BackupFile, now: Int64) -> Field.Row {
    let path = SafeText.clean(backup.path, limit: .path)
    return Field.Row(
      id: backup.path,
      cells: [
        Timestamp.minutes(microseconds: backup.moment),
        Age.ago(backup.moment, now: now), Amount.bytes(backup.bytes),
        (backup.remark.map { "\($0), " } ?? "") + (backup.isEncrypted ? "encrypted, " : "") + "/"
          + path.split(separator: "/").dropLast().joined(separator: "/"),
      ], label: path)
  }

  // MARK: The key

  private var key: Step {
    let isVisible = isVisible
    return Step(
      "key", "Key", heading: { _ in "Where is the private key?" },
      explanation: { _ in
        [
          .paragraph(
            "The backup is encrypted. It needs the private key that belongs to its public key: a file with a line "
              + "that begins with AGE-SECRET-KEY, made by age-keygen.")
        ]
      },
      help: [
        .paragraph(
          "Copy the key here for this purpose only, on a USB stick or into a folder in memory like /dev/shm, and "
            + "remove it afterwards: anyone who has it can read every backup."),
        .paragraph("Without the key no one can read the backup, not even with this program."),
      ], isVisible: { isVisible($0) && Self.isEncrypted($0) },
      fields: { _ in
        [
          Field(
            "file", "File of the private key", name: "Private key", .path,
            check: { AnswerCheck.absolutePath($0[Key.identity]) })
        ]
      })
  }
}
