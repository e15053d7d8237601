import Common
import Engine
import Operations

/// The facts about an archive for flows. Tests replace them.
struct ArchiveReader: Sendable {
  struct ArchiveOverview: Sendable {
    /// For example "an export of an organization, made by this program".
    var description: String
    var facts: [Summary.Fact]
    var isExport: Bool
    var isBackup: Bool
    /// Whether it is encrypted, and was inspected without a key.
    var isSealed = false
    /// The possible use.
    var advice: String
    /// Why it cannot be used; nil if it can.
    var refusal: String?
    var subdomain: String?
    var name: String?
    var isDeactivated = false
  }

  var overview: @Sendable (_ path: String, _ identity: String?, CheckObserver) throws -> ArchiveOverview
  var search = ArchiveSearch.none

  static let real = ArchiveReader(
    overview: { path, identity, observer in
      let summary = try ArchiveSummary.of(
        path, identity: identity, cancellation: observer.cancellation, progress: observer.follow())
      return ArchiveOverview(
        description: summary.description, facts: summary.facts, isExport: summary.kind.hasSuffix("export"),
        isBackup: summary.kind == "backup", isSealed: summary.kind == "encrypted", advice: summary.advice,
        refusal: summary.refusal,
        subdomain: summary.organization?.subdomain, name: summary.organization?.name,
        isDeactivated: summary.organization?.isDeactivated ?? false)
    }, search: .real)
}

/// Asks for an archive and describes it: a list of the found ones proposes the path, which can be typed too. Answers
/// files need only the path.
struct ArchiveStep: Sendable {
  static let key: AnswerKey<String> = "archive.path"
  static let identityKey: AnswerKey<String> = "archive.identity"
  /// The chosen row of the list, which proposes the path.
  private static let foundKey: AnswerKey<String> = "found.which"
  /// Facts for later steps, as answers without a field.
  enum Label {
    static let subdomain = "archive.subdomain"
    static let name = "archive.name"
    static let state = "archive.state"
    /// "export", "backup", "encrypted" or empty.
    static let kind = "archive.kind"
    /// The result of an unsuccessful search, as sentences.
    static let search = "archive.search"
  }

  let heading: String
  var explanation: [TextBlock] = []
  var help: [TextBlock] = []
  var preset: String?
  /// Whether only exports are accepted.
  var mustBeExport = false

  /// Returns the path that was chosen from the list; nil without one.
  private static func proposal(_ answers: Answers) -> String? {
    answers.given(foundKey).flatMap { $0 == ArchiveList.other ? nil : $0 }
  }

  /// Returns the private key given for an encrypted archive; nil without one.
  static func identity(_ answers: Answers) -> String? {
    guard EncryptedFile.isOne(answers[key]) else { return nil }
    return answers.given(identityKey).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Returns the options of a command line that give the key.
  static func identityWords(_ answers: Answers) -> [String] { identity(answers).map { ["--identity", $0] } ?? [] }

  private static let identityField = Field(
    "identity", "File of its private key", name: "Private key", .path,
    isVisible: { EncryptedFile.isOne($0[key]) },
    hint: { $0[identityKey].isEmpty ? "Empty: only the .sha256 beside the archive is compared." : nil },
    preset: { _ in .text("") },
    check: { answers in
      let path = answers[identityKey]
      return path.isEmpty ? nil : AnswerCheck.absolutePath(path)
    })

  func steps(_ context: FlowContext, _ reader: ArchiveReader) -> [Step] {
    [choice(context, reader.search), reading(reader)]
  }

  private func choice(_ context: FlowContext, _ search: ArchiveSearch) -> Step {
    let (heading, purpose) = (heading, mustBeExport ? ArchiveList.Purpose.exports : .both)
    return Step(
      "found", "Choice", heading: { _ in heading }, explanation: { _ in ArchiveList.explanation },
      help: ArchiveList.help(context),
      lookup: Lookup("Looking for archives", key: { _ in context.root }) { _, observer in
        let list = ArchiveList(
          purpose: purpose, found: try search.found(context, observer.cancellation), now: search.now())
        // Without anything to choose from, the path is asked for at once.
        guard !list.isEmpty else {
          let nothing = ["Nothing was found to choose from.", list.remark].compactMap(\.self)
          return LookupResult(labels: [Label.search: nothing.joined(separator: " ")])
        }
        return LookupResult(fields: [list.field("which", "Archive", key: Self.foundKey)], remark: list.remark)
      }, proposes: Self.key.name)
  }

  private func reading(_ reader: ArchiveReader) -> Step {
    let (heading, explanation, preset, mustBeExport) = (heading, explanation, preset, mustBeExport)
    return Step(
      "archive", "Archive",
      heading: { answers in Self.proposal(answers) == nil ? heading : "Is this the right archive?" },
      explanation: { answers in
        guard Self.proposal(answers) == nil else { return [] }
        let search = answers.label(Label.search)
        return explanation + (search.isEmpty ? [] : [.paragraph(search)])
      }, help: help,
      fields: { _ in
        [
          Field(
            "path", "Archive", .path, preset: { (Self.proposal($0) ?? preset).map { .text($0) } },
            check: { AnswerCheck.absolutePath($0[Self.key]) })
        ] + (mustBeExport ? [] : [Self.identityField])
      },
      lookup: Lookup(
        "Reading the archive", key: { "\($0[Self.key])\n\(Self.identity($0) ?? "")" }
      ) { answers, observer in
        let overview = try reader.overview(answers[Self.key], Self.identity(answers), observer)
        var result = LookupResult(facts: [Summary.Fact("What it is", overview.description)] + overview.facts)
        if let refusal = overview.refusal {
          result.findings = [
            Finding(.blocker, "archive", refusal, remedy: overview.advice)
          ]
        } else if mustBeExport, !overview.isExport {
          result.findings = [
            Finding(
              .blocker, "archive", "this is not an export of an organization: \(overview.description)",
              remedy: overview.isBackup ? "a backup is restored, not imported: go back to the menu" : overview.advice)
          ]
        }
        result.labels = [
          Label.subdomain: overview.subdomain ?? "", Label.name: overview.name ?? "",
          Label.state: overview.isDeactivated ? "deactivated" : "",
          Label.kind: overview.isExport
            ? "export" : overview.isBackup ? "backup" : overview.isSealed ? "encrypted" : "",
        ]
        return result
      }, decides: [.archive])
  }
}
