import Common

/// What a check found: something that is well, that deserves attention, or that forbids to begin.
public struct Finding: Sendable, Codable, Equatable {
  public enum Severity: String, Sendable, Codable, Comparable, CaseIterable {
    case ok, warning, blocker

    public static func < (left: Severity, right: Severity) -> Bool {
      allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
    }
  }

  /// What the finding is about, for programs; nil where none asks for it.
  public enum ID: String, Sendable, Codable {
    case version
  }

  public var severity: Severity
  /// What was looked at, in a few words: "subdomain", "space for the archive".
  public var subject: String
  /// What was found there.
  public var reason: String
  /// What to do about it; nil where nothing needs to be done.
  public var remedy: String?
  public var id: ID?
  /// Set where an operator who is there has to type a name before going on; nil where a key is enough.
  private var isConfirmedByName: Bool?

  public init(
    _ severity: Severity, _ subject: String, _ reason: String, remedy: String? = nil, mustBeConfirmed: Bool = false,
    id: ID? = nil
  ) {
    self.severity = severity
    self.subject = subject
    self.reason = reason
    self.remedy = remedy
    self.id = id
    isConfirmedByName = mustBeConfirmed ? true : nil
  }

  /// Whether an operator who is there has to type a name before going on, with ``reason`` in sight.
  public var mustBeConfirmed: Bool { isConfirmedByName ?? false }

  /// What has to be confirmed by typing a name, as sentences; nil where nothing has to be.
  public static func confirmation(of findings: [Finding]) -> String? {
    let reasons = findings.filter(\.mustBeConfirmed).map { finding in
      finding.reason.prefix(1).uppercased() + finding.reason.dropFirst() + "."
    }
    return reasons.isEmpty ? nil : reasons.joined(separator: " ")
  }
}

/// Thrown where an operation is run although a check found blockers.
public struct Blocked: Failure {
  public let findings: [Finding]

  /// - Parameter findings: all findings; only the blockers are kept.
  public init(_ findings: [Finding]) {
    self.findings = findings.filter { $0.severity == .blocker }
  }

  public var family: FailureFamily { .blocked }
  public var subject: String { findings.first?.subject ?? "check" }
  public var reason: String { findings.map(\.reason).joined(separator: "; ") }
  public var remedy: String? {
    let remedies = findings.compactMap(\.remedy)
    return remedies.isEmpty ? nil : remedies.joined(separator: "; ")
  }
}
