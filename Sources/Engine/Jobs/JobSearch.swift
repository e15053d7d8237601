import Common
import Operations

/// Finding a job by what an operator types.
extension JobStore {
  /// Returns a job.
  ///
  /// - Parameter id: an id or the unique beginning of one; nil: the newest job.
  /// - Throws: `.notFound` with the closest ids; `.usage` if several ids begin like that.
  public func job(_ id: String?) throws -> JobFolder {
    let all = try jobs()
    guard let id else {
      guard let newest = all.first else {
        throw PlainFailure(.notFound, "jobs", "there has been no job on this server")
      }
      return newest
    }
    if let exact = all.first(where: { $0.id == id }) { return exact }
    let found = id.isEmpty ? [] : all.filter { $0.id.hasPrefix(id) }
    if found.count == 1 { return found[0] }
    let subject = "job '\(SafeText.clean(id, limit: .word))'"
    guard found.isEmpty else {
      throw PlainFailure(
        .usage, subject, "\(found.count) ids begin like that: \(Self.list(found.map(\.id)))",
        remedy: "give more characters of the id")
    }
    let close = Self.closest(to: id, among: all.map(\.id))
    throw PlainFailure(
      .notFound, subject,
      "there is no job with that id" + (close.isEmpty ? "" : "; similar ids: \(Self.list(close))"),
      remedy: "see the ids of all jobs: \(listCommand)")
  }

  /// Returns the running job.
  ///
  /// - Throws: `.notFound` if no job is running.
  public func runningJob() throws -> JobFolder {
    if let job = try active().first { return job }
    throw PlainFailure(
      .notFound, "jobs", "no job is running on this server",
      remedy: "see the jobs that have ended: \(listCommand)")
  }

  /// The command that lists the jobs.
  public var listCommand: String { Program.command(["jobs", "list"], root: root) }

  private static let mostNamed = 5

  private static func list(_ ids: [String]) -> String {
    let shown = ids.prefix(mostNamed).joined(separator: ", ")
    return ids.count > mostNamed ? "\(shown), …" : shown
  }

  /// Returns ids that contain the text, or that differ from it in few characters; the newest first.
  private static func closest(to text: String, among ids: [String]) -> [String] {
    let wanted = Array(text.lowercased().utf8)
    guard (3...64).contains(wanted.count) else { return [] }
    let most = max(1, wanted.count / 6)
    return ids.filter { id in
      let own = Array(id.lowercased().utf8)
      return id.lowercased().contains(text.lowercased()) || distance(wanted, own) <= most
        || distance(wanted, Array(own.prefix(wanted.count))) <= min(most, 2)
    }
  }

  /// Returns the number of characters to insert, delete or replace.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (index, character) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in right.indices {
        let replaced = diagonal + (right[column] == character ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
      }
    }
    return row[right.count]
  }
}
