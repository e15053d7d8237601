import Common
import Engine

/// What the move wants to know besides what all flows do. A test gives its own.
struct MoveQueries: Sendable {
  var advice: @Sendable (MoveDecisions) throws -> [SettingAdvice]
  /// Bytes of memory that this machine has to spare; nil where it does not say.
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
