import Common
import Operations
import Server

/// Empties the server's cache.
public struct FlushCacheOperation: Operation {
  private enum Phase: String, OperationPhase {
    case cache

    var title: String { "Empty the cache" }
  }

  public static let kind = "flushCache"
  public let server: ServerReference

  public init(_ server: ServerReference) { self.server = server }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { "Empty the cache" }
  public var commands: [ProgramCommand] { [ProgramCommand(["cache", "flush"], on: server)] }
  public func undo(_ context: UndoContext) -> UndoRule { .impossible("it left nothing to undo") }

  // MARK: Check, plan, run

  public func check() throws -> [Finding] {
    let installation = try server.installation()
    guard let way = ServerCache.way(installation) else {
      return [
        Finding(
          .blocker, "cache", "settings.py does not name the cache, and the server's script is not on this machine",
          remedy: "run it where the server is: \(ServerScripts(installation).commandLine(.flushCache))")
      ]
    }
    return [Finding(.ok, "cache", "it is emptied by \(way)")]
  }

  public func plan() throws -> Plan {
    Plan(
      title: "Empty the cache of \(try server.installation().label)", phases: [Plan.Phase(Phase.cache)],
      leavesAlone: ["All data: the cache fills itself again from the database"])
  }

  public func run(progress: Progress) throws -> Summary {
    try progress.pass(check())
    let installation = try server.installation()
    let way = try progress.phase(Phase.cache) { _ in try ServerCache.flush(installation, progress: progress) }
    return Summary(title: "The cache is empty", facts: [Summary.Fact("By", way)])
  }
}
