/// An error that an operator can act on: what it is about, why it happened, what to do.
///
/// Every error that leaves a target of this package is a `Failure`. Texts are sentences without a full stop at the end
/// of `subject`; they never carry a secret and never raw bytes from a database or an archive (see ``SafeText``).
public protocol Failure: Error, Sendable, CustomStringConvertible {
  /// The thing that it is about: a file, a table, an organization.
  var subject: String { get }
  /// What happened to it.
  var reason: String { get }
  /// What the operator can do about it, where there is anything.
  var remedy: String? { get }
  /// The kind of error; it decides the exit code.
  var family: FailureFamily { get }
}

extension Failure {
  public var description: String { "\(subject): \(reason)" }
}

/// The families of errors, one exit code each.
public enum FailureFamily: Int32, Sendable, CaseIterable {
  /// A bug in this program, or an error that nobody gave a family.
  case unexpected = 1
  /// The command line or an answer cannot be used as it is.
  case usage = 64
  /// The server's installation or configuration is missing or cannot be read.
  case configuration = 10
  /// The database cannot be reached, or refuses the login.
  case connection = 11
  /// The database refused a statement, or went away in the middle.
  case database = 12
  /// An archive is missing or cannot be read.
  case archive = 20
  /// An archive is damaged, or holds what no archive should.
  case damagedArchive = 21
  /// An archive is of another kind or version than is needed here.
  case unsuitableArchive = 22
  /// A check found a blocker; nothing was begun.
  case blocked = 30
  /// Something of that name is there already.
  case conflict = 31
  /// Something of that name does not exist.
  case notFound = 32
  /// A file cannot be read or written, or the disk is full.
  case file = 40
  /// One of the server's own scripts, or a tool that it needs, failed.
  case command = 50
  /// The operator stopped it.
  case cancelled = 130
}

/// A failure with nothing of its own to add.
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

  /// A failed system call, said with its errno.
  public static func system(
    _ subject: String, _ doing: String, errno code: Int32, family: FailureFamily = .file
  ) -> PlainFailure {
    PlainFailure(family, subject, "\(doing): \(SystemError.text(code))", remedy: SystemError.remedy(code))
  }
}
