import Common
import Engine
import FoundationEssentials

/// The drafts of one operator on one server, one for each flow: files of their owner only, in the folder of the jobs.
/// They are used by tasks and after the last screen, because reading and writing can block.
struct DraftStore: Sendable {
  /// How long a draft is kept.
  static let lifetime: Int64 = 7 * 86_400 * 1_000_000
  static let lifetimeWords = "7 days"

  private static let ending = ".json"
  private static let largest = 1 << 20

  private let folder: String
  private let now: @Sendable () -> Int64

  /// - Parameters:
  ///   - root: the root of the server; "/" in production.
  ///   - name: the operator.
  init(root: String, operator name: String = Operator.name, now: @escaping @Sendable () -> Int64 = { Timestamp.now() })
  {
    let user = name.map { $0.isLetter || $0.isNumber || "-_.".contains($0) ? $0 : "_" }
    folder = "\(JobStore(root: root).folder)/drafts/user-\(String(user))"
    self.now = now
  }

  /// Returns the drafts that can be continued, the newest first, and deletes those that are too old.
  func list() -> [Draft] {
    let names = ((try? FileSystem.names(in: folder)) ?? []).filter { $0.hasSuffix(Self.ending) }
    return names.compactMap { name in
      let path = "\(folder)/\(name)"
      guard let bytes = try? FileSystem.read(path, limit: Self.largest),
        let draft = try? JSONDecoder().decode(Draft.self, from: Data(bytes)),
        draft.flow + Self.ending == name
      else { return nil }
      guard now() - draft.moment < Self.lifetime else {
        try? FileSystem.removeTree(path)
        return nil
      }
      return draft
    }.sorted { $0.moment > $1.moment }
  }

  /// Replaces the draft of a flow.
  ///
  /// - Parameter draft: nil: there is nothing to continue any more.
  func replace(_ flow: String, with draft: Draft?) throws {
    let path = "\(folder)/\(flow)\(Self.ending)"
    guard let draft else {
      if FileSystem.exists(path) { try FileSystem.removeTree(path) }
      return
    }
    try FileSystem.makeFolder(folder)
    try FileSystem.replace(path, with: Array(try JSONEncoder().encode(draft)))
  }
}
