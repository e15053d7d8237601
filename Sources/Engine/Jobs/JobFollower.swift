import Common
import Glibc

/// Watches a job from any process: hands over every event once, from the beginning, and says when it is over.
public final class JobFollower {
  public let folder: JobFolder
  private var descriptor: Int32 = -1
  private var rest: [UInt8] = []
  private var isOver = false

  public init(_ folder: JobFolder) {
    self.folder = folder
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// What has happened since the last call; never waits.
  ///
  /// - Returns: nil once the job is over and everything has been handed over. A job that died without a word ends with a
  ///   failure that says so.
  public func next() -> [ProgressEvent]? {
    if isOver { return nil }
    // Before the journal is read: what was written until now is then seen below.
    let isAlive = folder.isLocked
    let events = read()
    for event in events {
      switch event {
      case .finished, .failed: isOver = true
      default: break
      }
    }
    if !isOver, !isAlive, events.isEmpty, hasBegun {
      isOver = true
      return [.failed(FailureReport(LostJob(id: folder.id)))]
    }
    return events
  }

  /// Follows to the end. `wait` is called between looks; it may throw to stop following, the job goes on.
  public func follow(
    _ show: (ProgressEvent) -> Void, wait: () throws -> Void = { usleep(100_000) }
  ) throws {
    while let events = next() {
      events.forEach(show)
      if events.isEmpty { try wait() }
    }
  }

  /// A job whose process has not come up yet is not lost.
  private var hasBegun: Bool {
    if FileSystem.exists("\(folder.path)/pid") { return true }
    var status = stat()
    guard stat("\(folder.path)/job.json", &status) == 0 else { return true }
    return time(nil) - status.st_mtim.tv_sec > 15
  }

  /// A line of ours is never longer; one that is, is passed over, not held.
  private static let longestLine = 4 << 20

  private func read() -> [ProgressEvent] {
    if descriptor < 0 { descriptor = open(folder.journal, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { return [] }
    var events: [ProgressEvent] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return events }
      var start = 0
      while let end = chunk[start..<count].firstIndex(of: 10) {
        rest.append(contentsOf: chunk[start..<end])
        if rest.count <= Self.longestLine, let event = EventLine.decode(String(decoding: rest, as: UTF8.self)) {
          events.append(event)
        }
        rest.removeAll(keepingCapacity: rest.count <= 1 << 16)
        start = end + 1
      }
      if rest.count <= Self.longestLine { rest.append(contentsOf: chunk[start..<count]) }
    }
  }
}

/// A job whose process is gone.
public struct LostJob: Failure {
  let id: String

  public var family: FailureFamily { .command }
  public var subject: String { "job \(id)" }
  public var reason: String { "its process ended without a word: it was killed, or the machine went down" }
  public var remedy: String? { "run it again with: jobs resume \(id); its leftovers are deleted first" }
}
