import Common
import Engine

/// What flows want to know of an archive. A test gives its own.
struct ArchiveReader: Sendable {
  struct Glance: Sendable {
    /// "an export of an organization, made by this program".
    var description: String
    var facts: [Summary.Fact]
    var isExport: Bool
    var isBackup: Bool
    /// What to do with it.
    var advice: String
    /// Why it cannot be used, where it cannot.
    var refusal: String?
    var subdomain: String?
    var name: String?
    var isDeactivated = false
  }

  var glance: @Sendable (_ path: String, Cancellation) throws -> Glance

  static let real = ArchiveReader { path, cancellation in
    let summary = try ArchiveSummary.of(path, cancellation: cancellation)
    return Glance(
      description: summary.description, facts: summary.facts, isExport: summary.kind.hasSuffix("export"),
      isBackup: summary.kind == "backup", advice: summary.advice, refusal: summary.refusal,
      subdomain: summary.organization?.subdomain, name: summary.organization?.name,
      isDeactivated: summary.organization?.isDeactivated ?? false)
  }
}

/// The step that asks for an archive and says what it is.
struct ArchiveStep: Sendable {
  static let key = "archive.path"
  /// What the look found out, for later steps; text fields that nobody is asked.
  enum Label {
    static let subdomain = "archive.subdomain"
    static let name = "archive.name"
    static let state = "archive.state"
    /// "export", "backup" or nothing of these.
    static let kind = "archive.kind"
  }

  let heading: String
  var explanation: [TextBlock] = []
  var help: [TextBlock] = []
  var preset: String?
  /// Exports only; anything else is refused.
  var mustBeExport = false

  func step(_ reader: ArchiveReader) -> Step {
    let (heading, explanation, preset, mustBeExport) = (heading, explanation, preset, mustBeExport)
    return Step(
      "archive", "Archive", heading: { _ in heading }, explanation: { _ in explanation }, help: help,
      fields: { _ in
        [
          Field(
            "path", "Archive", .path, preset: { _ in preset.map { .text($0) } },
            check: { AnswerCheck.absolutePath($0.text(Self.key) ?? "") })
        ]
      },
      lookup: Lookup("Reading the archive", key: { $0.text(Self.key) ?? "" }) { answers, cancellation in
        let glance = try reader.glance(answers.text(Self.key) ?? "", cancellation)
        var material = Material(facts: [Summary.Fact("What it is", glance.description)] + glance.facts)
        if let refusal = glance.refusal {
          material.findings = [
            Finding(.blocker, "archive", refusal, remedy: "do not use it unless you know who made it")
          ]
        } else if mustBeExport, !glance.isExport {
          material.findings = [
            Finding(
              .blocker, "archive", "this is not an export of an organization: \(glance.description)",
              remedy: glance.isBackup ? "a backup is restored, not imported: go back to the menu" : glance.advice)
          ]
        }
        material.labels = [
          Label.subdomain: glance.subdomain ?? "", Label.name: glance.name ?? "",
          Label.state: glance.isDeactivated ? "deactivated" : "",
          Label.kind: glance.isExport ? "export" : glance.isBackup ? "backup" : "",
        ]
        return material
      })
  }
}
