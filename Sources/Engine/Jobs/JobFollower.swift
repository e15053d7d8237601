import Common
import Glibc
import Operations

/// Follows a job from any process: returns each event once, from the beginning, until its end.
public final class JobFollower {
  public let folder: JobFolder
  private var descriptor: Int32 = -1
  private var rest: [UInt8] = []
  private var isOver = false

  public init(_ folder: JobFolder) {
    self.folder = folder
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Returns the events since the last call, without waiting.
  ///
  /// - Returns: nil after the end of the job and its last event. A job that ended without a result ends with a failure.
  public func next() -> [ProgressEvent]? {
    if isOver { return nil }
    // Checked before the journal is read, so that all events until now are read below.
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
      return [.failed(FailureReport(LostJob(folder)))]
    }
    return events
  }

  /// Follows the job to its end. `wait` is called between reads; if it throws, following stops and the job continues.
  public func follow(
    _ show: (ProgressEvent) -> Void, wait: () throws -> Void = { usleep(100_000) }
  ) throws {
    while let events = next() {
      events.forEach(show)
      if events.isEmpty { try wait() }
    }
  }

  /// Whether the job's process has started: before that, it cannot be lost.
  private var hasBegun: Bool {
    if FileSystem.exists("\(folder.path)/pid") { return true }
    var status = stat()
    guard stat("\(folder.path)/job.json", &status) == 0 else { return true }
    return time(nil) - status.st_mtim.tv_sec > 15
  }

  /// Longer lines are skipped: this program never writes them.
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

/// A job whose process ended without a result.
public struct LostJob: Failure {
  private let folder: JobFolder

  init(_ folder: JobFolder) { self.folder = folder }

  /// Whether the job was refused, and its folder was removed, before this process had read the reason.
  private var isRemoved: Bool { !FileSystem.exists(folder.path) }

  public var family: FailureFamily { isRemoved ? .notFound : .command }
  public var subject: String { "job \(folder.id)" }
  public var reason: String {
    isRemoved
      ? "its checks refused it, and its record was removed; nothing was changed"
      : "its process was killed, or the machine failed, before it recorded a result"
  }
  public var remedy: String? {
    guard !isRemoved else { return nil }
    if let operation = try? folder.readHeader().operation, operation.rerunObstacle != nil {
      return operation.interruptionAdvice
    }
    return "run it again: \(folder.command("resume")); its leftovers are deleted first"
  }
}
