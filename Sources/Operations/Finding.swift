import Common

/// The result of one check: OK, a warning, or a blocker.
public struct Finding: Sendable, Codable, Equatable {
  public enum Severity: String, Sendable, Codable, Comparable, CaseIterable {
    case ok, warning, blocker

    public static func < (left: Severity, right: Severity) -> Bool {
      allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
    }
  }

  /// The identity of a finding, for programs; nil if no program uses it.
  public enum ID: String, Sendable, Codable {
    case version
    /// The name of something new is in use: a file, a folder, a subdomain.
    case exists
    /// The requested state exists already: nothing is to be done.
    case nothingToDo
    /// The object of the request does not exist.
    case missing
    /// The object could not be looked at; its state is unknown.
    case unknown
  }

  /// The decision of the operator that a finding is about, so that a front end can lead back to its question.
  public enum Concern: String, Sendable, Codable, CaseIterable {
    case organization, subdomain, content, confirmation, people, secrets, settings, schedule
    /// The file that is read, and the file or folder that is written.
    case archive, backup, output
    case encryption
    /// What happens to uploads.
    case uploads
  }

  public var severity: Severity
  /// The checked object: "subdomain", "space for the archive".
  public var subject: String
  /// The result of the check.
  public var reason: String
  /// The action for the operator; nil if none is required.
  public var remedy: String?
  public var id: ID?
  /// Nil: no decision changes the finding. Optional, so that journals of earlier versions can be decoded.
  public var about: Concern?
  /// Whether a present operator must type a name to continue; nil: a key is enough. Optional, so that journals of
  /// earlier versions can be decoded.
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

  /// Whether a present operator must type a name to continue, while ``reason`` is visible.
  public var mustBeConfirmed: Bool { isConfirmedByName ?? false }

  /// Returns the finding with the decision that it is about, unless it names one already.
  public func about(_ concern: Concern) -> Finding {
    var finding = self
    finding.about = about ?? concern
    return finding
  }

  /// Returns the reasons that must be confirmed by typing a name, as sentences; nil if there are none.
  public static func confirmation(of findings: [Finding]) -> String? {
    let reasons = findings.filter(\.mustBeConfirmed).map { finding in
      finding.reason.prefix(1).uppercased() + finding.reason.dropFirst() + "."
    }
    return reasons.isEmpty ? nil : reasons.joined(separator: " ")
  }
}

extension Sequence<Finding> {
  /// Returns the findings with the decision that they are about, see ``Finding/about(_:)``.
  public func about(_ concern: Finding.Concern) -> [Finding] { map { $0.about(concern) } }
}

/// An operation was not started because a check reported blockers.
public struct Blocked: Failure {
  public let findings: [Finding]

  /// - Parameter findings: all findings; only the blockers are kept.
  public init(_ findings: [Finding]) {
    self.findings = findings.filter { $0.severity == .blocker }
  }

  /// Returns the refusal by the blockers among findings; nil if there are none.
  public static func of(_ findings: [Finding]) -> Blocked? {
    findings.contains { $0.severity == .blocker } ? Blocked(findings) : nil
  }

  /// `.conflict` if the only obstacle is that names are in use, or that the requested state exists already; `.notFound`
  /// if it is that an object does not exist. Otherwise `.blocked`.
  public var family: FailureFamily {
    guard !findings.isEmpty else { return .blocked }
    if findings.allSatisfy({ $0.id == .exists || $0.id == .nothingToDo }) { return .conflict }
    return findings.allSatisfy { $0.id == .missing } ? .notFound : .blocked
  }
  public var subject: String { findings.first?.subject ?? "check" }
  public var reason: String { findings.map(\.reason).joined(separator: "; ") }
  public var remedy: String? {
    let remedies = findings.compactMap(\.remedy)
    return remedies.isEmpty ? nil : remedies.joined(separator: "; ")
  }
}
