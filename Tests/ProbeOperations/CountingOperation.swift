import Common
import Glibc
import Operations

/// An operation that is not in the program's catalogue. It counts into a file, at a given speed.
///
/// It implements only what every operation must; ``Engine/OperationCatalog/adding(_:)`` adds it to the catalogue, so
/// that it can run as a job.
public struct CountingOperation: Operation {
  public enum Phase: String, OperationPhase, CaseIterable {
    case open, count

    public var title: String { self == .open ? "Open the file" : "Count into the file" }
    public var weight: Double { self == .open ? 1 : 9 }
  }

  public static let kind = "count"
  public let server: ServerReference
  public let file: String
  public let steps: Int

  public init(_ server: ServerReference, file: String, steps: Int) {
    self.server = server
    self.file = file
    self.steps = steps
  }

  public var servers: [ServerReference] { [server] }
  public var title: String { "Count to \(steps)" }
  public func undo(_ context: UndoContext) -> UndoRule {
    .operations([Uncounting(file: file)], confirmation: .file(file))
  }

  public func check() throws -> [Finding] {
    FileSystem.exists(file)
      ? [Finding(.blocker, "file", "is there already")] : [Finding(.warning, "counting", "is of no use")]
  }

  public func plan() throws -> Plan { Plan(title: title, phases: Phase.allCases.map { Plan.Phase($0) }) }

  public func run(progress: Progress) throws -> Summary {
    try progress.pass(check())
    try progress.phase(Phase.open) { _ in try FileSystem.replace(file, with: []) }
    do {
      try progress.phase(Phase.count, total: Int64(steps), unit: .steps) { meter in
        for step in 1...steps {
          try meter.advance()
          try FileSystem.replace(file, with: "\(step)".utf8)
          usleep(10_000)
        }
      }
    } catch {
      try FileSystem.removeTree(file)
      throw error
    }
    return Summary(title: "Counted to \(steps)")
  }
}

private struct Uncounting: Runnable {
  enum Phase: String, OperationPhase {
    case remove

    var title: String { "Remove the file" }
  }

  let file: String

  func check() throws -> [Finding] { [] }
  func plan() throws -> Plan { Plan(title: "Remove \(file)", phases: [Plan.Phase(Phase.remove)], destroys: [file]) }
  func run(progress: Progress) throws -> Summary {
    try progress.phase(Phase.remove) { _ in try FileSystem.removeTree(file) }
    return Summary(title: "\(file) is removed")
  }
}
