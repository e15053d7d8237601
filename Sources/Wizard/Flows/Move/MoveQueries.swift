import Administration
import Common
import Engine
import Operations
import Server

/// The functions of the engine that only this flow uses. Tests replace them.
struct MoveQueries: Sendable {
  var advice: @Sendable (MoveDecisions) throws -> [SettingAdvice]
  /// Returns a blocker if both folders lead to one server, one database or one folder of uploads.
  var overlap: @Sendable (_ source: String, _ target: String, Cancellation) throws -> [Finding] = { _, _, _ in [] }
  /// Connects to a server on another machine, and returns what it is.
  var connect: @Sendable (_ address: String, _ copies: Bool, Cancellation) throws -> Void = { _, _, _ in }
  /// The available memory in bytes; nil if it is unknown.
  var memory: @Sendable () -> Int64? = { nil }

  static func real(brand: Brand?, _ remotes: RemoteServers = RemoteServers()) -> MoveQueries {
    MoveQueries(
      advice: { try MoveOperation.secretAdvice($0, brand: brand) },
      overlap: { source, target, cancellation in
        try MovePair.findings(
          from: Installation(root: source, brand: brand), to: Installation(root: target, brand: brand),
          cancellation: cancellation)
      },
      connect: { address, copies, cancellation in
        _ = try remotes.site(address, brand: brand, copies: copies, cancellation: cancellation)
      }, memory: { Memory.available })
  }
}
