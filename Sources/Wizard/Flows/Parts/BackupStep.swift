import Common
import Engine
import Operations

/// The steps that ask for a backup, and for the key of an encrypted one.
struct BackupStep: Sendable {
  enum Key {
    static let which: AnswerKey<String> = "backup.which"
    static let path: AnswerKey<String> = "backup.path"
    static let identity: AnswerKey<String> = "key.file"
  }

  let heading: String
  var isVisible: @Sendable (Answers) -> Bool = { _ in true }

  /// Returns the chosen backup; empty without a choice.
  static func path(_ answers: Answers) -> String {
    // Nothing was chosen where nothing was found.
    let which = answers[Key.which]
    return which == ArchiveList.other || which.isEmpty ? answers[Key.path] : which
  }

  /// Returns answers that skip the question.
  static func given(_ path: String, identity: String? = nil) -> [String: Answer] {
    var answers: [String: Answer] = [Key.which.name: .text(ArchiveList.other), Key.path.name: .text(path)]
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
      "backup", "Backup", heading: { _ in heading }, explanation: { _ in ArchiveList.explanation },
      help: ArchiveList.help(context), isVisible: isVisible,
      lookup: Lookup(
        "Looking for backups", key: { _ in context.root },
        brings: [Self.choice(ArchiveList(purpose: .backups, found: FoundArchives(), now: 0)), Self.path]
      ) { _, observer in
        let list = ArchiveList(
          purpose: .backups, found: try queries.found(context, observer.cancellation), now: queries.now())
        guard !list.isEmpty else {
          return LookupResult(
            fields: [Self.path],
            findings: [
              Finding(
                .warning, "backups", "no backup was found in the usual folders", remedy: "type the path of one")
            ], remark: list.remark)
        }
        return LookupResult(fields: [Self.choice(list), Self.path], remark: list.remark)
      }, decides: [.backup])
  }

  private static func choice(_ list: ArchiveList) -> Field { list.field("which", "Backup", key: Key.which) }

  private static let path = Field(
    "path", "Its path", name: "Path", .path,
    isVisible: { [nil, ArchiveList.other].contains($0.given(Key.which)) },
    hint: { _ in "A .tar.gz, an encrypted .age, or the folder that it was unpacked into." },
    check: { AnswerCheck.absolutePath($0[Key.path]) })

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
