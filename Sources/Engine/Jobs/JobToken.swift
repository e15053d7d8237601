import Common
import Glibc

/// Identifies the request for a job, so that another machine finds the job that it has asked for, although the connection
/// was lost before the answer.
public enum JobToken {
  /// The variable with the token, for the process that makes the job.
  public static let variable = "ALOHA_WIZARD_JOB_TOKEN"
  private static let length = 24

  public static func make() -> String { RandomText.alphanumeric(length) }

  private static func path(_ folder: JobFolder) -> String { "\(folder.path)/token" }

  /// Writes the token of this process into the folder of a job, before the job starts.
  static func record(in folder: JobFolder) throws {
    guard let token = getenv(variable).map({ String(cString: $0) }), token.utf8.count == length else { return }
    try FileSystem.replace(path(folder), with: Array(token.utf8))
  }

  static func find(_ token: String, in store: JobStore) throws -> JobFolder? {
    try store.folders().first { (try? FileSystem.read(path($0))) == Array(token.utf8) }
  }
}
