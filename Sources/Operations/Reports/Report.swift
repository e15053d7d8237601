import Common

/// The content of a check, a plan, a summary or a failure, as blocks of text with roles.
///
/// Every front end shows these blocks and nothing else, so that the full screen, the linear mode, plain text and
/// commands use the same words. A front end decides about columns, marks and colours.
public struct Report: Sendable, Equatable {
  public enum Tone: Sendable, Equatable {
    case plain, good, warning, bad
  }

  public enum Block: Sendable, Equatable {
    /// The title of the following blocks.
    case heading(String)
    case paragraph(String, Tone)
    /// Named values, one per line.
    case facts([Summary.Fact])
    /// One of several items of a kind. The label is a noun ("Will be deleted", "Warning"); nil after a heading with it.
    case item(label: String?, String, Tone)
    /// The remedy of the preceding item or paragraph.
    case remedy(String)
    /// An action, with lines to copy.
    case step(Summary.Step)
    case gap
  }

  public private(set) var blocks: [Block] = []

  public init(_ blocks: [Block] = []) { self.blocks = blocks }

  public static func + (left: Report, right: Report) -> Report { Report(left.blocks + right.blocks) }
}

// MARK: Findings

extension Report {
  /// Returns the result of the checks and then all findings: blockers, warnings, OK.
  public static func of(_ findings: [Finding]) -> Report {
    guard !findings.isEmpty else { return Report() }
    let items = Finding.Severity.allCases.reversed().flatMap { severity in
      findings.filter { $0.severity == severity }.flatMap { of($0).blocks }
    }
    return Report([outcome(findings), .gap] + items)
  }

  /// Returns one finding with its remedy.
  public static func of(_ finding: Finding) -> Report {
    Report(
      [.item(label: label(finding.severity), "\(finding.subject): \(finding.reason)", tone(finding.severity))]
        + (finding.remedy.map { [.remedy($0)] } ?? []))
  }

  private static func outcome(_ findings: [Finding]) -> Block {
    let blockers = findings.count { $0.severity == .blocker }
    let warnings = findings.count { $0.severity == .warning }
    let noted = warnings > 0 ? ", \(Amount.of(Int64(warnings), "warning"))" : ""
    if blockers > 0 { return .paragraph("\(Amount.of(Int64(blockers), "blocker"))\(noted).", .bad) }
    return .paragraph("All checks passed\(noted).", warnings > 0 ? .warning : .good)
  }

  public static func label(_ severity: Finding.Severity) -> String {
    switch severity {
    case .ok: "OK"
    case .warning: "Warning"
    case .blocker: "Blocked"
    }
  }

  private static func tone(_ severity: Finding.Severity) -> Tone {
    switch severity {
    case .ok: .good
    case .warning: .warning
    case .blocker: .bad
    }
  }
}

// MARK: Plans

extension Report {
  /// Returns the content of a plan.
  ///
  /// - Parameters:
  ///   - listsPhases: whether to list its phases.
  ///   - mostDeleted: the number of deleted items to list, with a count of the others; nil: all.
  public static func of(_ plan: Plan, listsPhases: Bool = true, mostDeleted: Int? = nil) -> Report {
    var blocks: [Block] = [.paragraph("\(plan.title).", .plain)]
    if listsPhases {
      blocks += plan.phases.map { phase in
        .item(label: nil, phase.title + (phase.amount.map { " (\($0))" } ?? ""), .plain)
      }
    }
    blocks += shortened(plan.destroys, to: mostDeleted).map { .item(label: "Will be deleted", $0, .bad) }
    if let replaced = plan.replaces { blocks.append(.item(label: "Will be replaced", replaced, .warning)) }
    blocks += plan.leavesAlone.map { .item(label: "Not changed", $0, .good) }
    if let point = plan.pointOfNoReturn { blocks.append(.item(label: "If you stop it", point, .warning)) }
    return Report(blocks)
  }

  private static func shortened(_ texts: [String], to most: Int?) -> [String] {
    guard let most, texts.count > most + 1 else { return texts }
    return Array(texts.prefix(most)) + ["and \(texts.count - most) more; the command with --dry-run lists all"]
  }
}

// MARK: Results

extension Report {
  /// Returns the facts, the warnings and the next steps of a result; front ends show its title themselves.
  public static func of(_ summary: Summary) -> Report {
    guard !summary.nextSteps.isEmpty else { return outcome(of: summary) }
    return outcome(of: summary) + Report([.gap, .heading("Next steps")] + summary.nextSteps.map { .step($0) })
  }

  /// Returns the facts and the warnings of a result, for front ends whose next steps can be done.
  public static func outcome(of summary: Summary) -> Report {
    var blocks: [Block] = summary.facts.isEmpty ? [] : [.facts(summary.facts)]
    if !summary.warnings.isEmpty { blocks.append(.gap) }
    blocks += summary.warnings.map { .item(label: "Warning", $0, .warning) }
    return Report(blocks)
  }

  /// Returns the subject, the reason and the remedy of a failure.
  public static func of(_ failure: FailureReport) -> Report {
    Report(
      [.paragraph("\(failure.subject): \(failure.reason)", .bad)] + (failure.remedy.map { [.remedy($0)] } ?? []))
  }
}
