import Administration
import Common
import Engine
import Operations
import Server

/// The functions of the engine that only this flow uses. Tests replace them.
struct MoveQueries: Sendable {
  var advice: @Sendable (MoveDecisions) throws -> [SettingAdvice]
  /// The available memory in bytes; nil if it is unknown.
  var memory: @Sendable () -> Int64? = { nil }

  static func real(brand: Brand?) -> MoveQueries {
    MoveQueries(
      advice: { decisions in
        guard let target = decisions.target else { return [] }
        return try SecretAdvisor.advice(
          from: Installation(root: decisions.source, brand: brand), to: Installation(root: target, brand: brand))
      }, memory: { Memory.available })
  }
}
