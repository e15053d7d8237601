import Common

/// The units of amounts in the output for programs: `"amounts":{"files":3,"bytes":43800}`.
///
/// Texts like "43.8 kB" are for people, and their form can change; amounts are numbers in these units.
public enum Measure: String, Sendable, CaseIterable {
  case backups, bytes, channels, files, messages, people, rows, seconds, sessions, tables, users

  static func named(_ amounts: [Measure: Int64]) -> [String: Int64]? {
    amounts.isEmpty ? nil : Dictionary(uniqueKeysWithValues: amounts.map { ($0.key.rawValue, $0.value) })
  }
}

extension Summary.Fact {
  /// A number alone, for example ("Messages", "559").
  public init(_ name: String, count: Int64, _ unit: Measure, id: ID? = nil) {
    self.init(name, Amount.count(count), id: id, amounts: [unit: count])
  }

  /// The number of all rows of `zerver_userprofile`, which is larger than that of the active users.
  public init(allUsers count: Int64, id: ID? = nil) {
    self.init("Users", Self.allUsers(count), id: id, amounts: [.users: count])
  }

  /// "22, with bots and deactivated users"
  public static func allUsers(_ count: Int64) -> String { "\(Amount.count(count)), with bots and deactivated users" }

  /// A size, for example ("Size", "43.8 MB").
  public init(_ name: String, bytes: Int64, id: ID? = nil) {
    self.init(name, Amount.bytes(bytes), id: id, amounts: [.bytes: bytes])
  }

  /// A duration, for example ("Time", "3 min 20 s").
  public init(_ name: String, seconds: Double) {
    let whole = seconds.isFinite ? Int64(min(max(seconds.rounded(), 0), 1e12)) : 0
    self.init(name, Amount.duration(seconds: seconds), amounts: [.seconds: whole])
  }
}
