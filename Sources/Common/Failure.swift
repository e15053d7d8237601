import Glibc

/// An error that an operator can act on, with its subject, its reason and its remedy.
///
/// Every error that leaves a target of this package is a `Failure`. Texts have no full stop at the end; they never
/// contain a secret, or raw bytes from a database or an archive (see ``SafeText``).
public protocol Failure: Error, Sendable, CustomStringConvertible {
  /// The affected object: a file, a table, an organization.
  var subject: String { get }
  /// Why it failed.
  var reason: String { get }
  /// What the operator can do; nil if nothing can be done.
  var remedy: String? { get }
  /// The kind of error, which determines the exit code.
  var family: FailureFamily { get }
}

extension Failure {
  public var description: String { "\(subject): \(reason)" }
}

/// The families of errors, one exit code each.
public enum FailureFamily: Int32, Sendable, CaseIterable {
  /// A bug in this program, or an error without a family.
  case unexpected = 1
  /// The command line or an answer is invalid.
  case usage = 64
  /// The server's installation or configuration is missing or cannot be read.
  case configuration = 10
  /// The database cannot be reached, or refuses the login.
  case connection = 11
  /// The database refused a statement, or the connection was lost.
  case database = 12
  /// An archive is missing or cannot be read.
  case archive = 20
  /// An archive is damaged, or contains something invalid.
  case damagedArchive = 21
  /// An archive is of another kind or version than required.
  case unsuitableArchive = 22
  /// A check reported a blocker; nothing was started.
  case blocked = 30
  /// An object with this name, or the requested state, exists already.
  case conflict = 31
  /// An object with this name does not exist.
  case notFound = 32
  /// A file cannot be read or written, or the disk is full.
  case file = 40
  /// A script of the server, or a required tool, failed.
  case command = 50
  /// The operator cancelled the operation.
  case cancelled = 130
}

/// A failure without additional data.
public struct PlainFailure: Failure {
  public let family: FailureFamily
  public let subject: String
  public let reason: String
  public let remedy: String?

  public init(_ family: FailureFamily, _ subject: String, _ reason: String, remedy: String? = nil) {
    self.family = family
    self.subject = subject
    self.reason = reason
    self.remedy = remedy
  }

  /// Creates the failure of a system call from its errno. An archive that exists, but cannot be read, is a failure of
  /// its file: `.archive` becomes `.file`.
  public static func system(
    _ subject: String, _ doing: String, errno code: Int32, family: FailureFamily = .file
  ) -> PlainFailure {
    PlainFailure(
      family == .archive && code != ENOENT && code != ENOTDIR ? .file : family, subject,
      "\(doing): \(SystemError.text(code))", remedy: SystemError.remedy(code))
  }
}
