/// The effects of an operation, described before it runs.
public struct Plan: Sendable, Codable, Equatable {
  public struct Phase: Sendable, Codable, Equatable {
    /// The identifier, stable within the operation and used by events of the run.
    public var id: String
    /// For example "Export messages".
    public var title: String
    /// The amount of work, if it is known: "559 messages".
    public var amount: String?
    /// The same as numbers, by ``Measure``; nil if there are none.
    public var amounts: [String: Int64]?
    /// The expected duration relative to the other phases, see ``OperationPhase/weight``; nil: 1.
    public var weight: Double?

    public init(_ phase: some OperationPhase, amount: String? = nil, amounts: [Measure: Int64] = [:]) {
      self.init(id: phase.id, title: phase.title, amount: amount, weight: phase.weight)
      self.amounts = Measure.named(amounts)
    }

    init(id: String, title: String, amount: String? = nil, weight: Double = 1) {
      self.id = id
      self.title = title
      self.amount = amount
      self.weight = weight == 1 ? nil : weight
    }
  }

  /// One sentence with the action and its object.
  public var title: String
  public var phases: [Phase]
  /// The data that will be deleted; empty for most operations.
  public var destroys: [String]
  /// The amounts of the data that will be deleted, by ``Measure``; nil if they were not counted.
  public var destroyedAmounts: [String: Int64]?
  /// The number of rows that will be deleted, by table; nil if no rows are deleted.
  public var destroyedRows: [String: Int64]?
  /// The state that is replaced by another one and kept; nil for most operations. Such an operation needs an explicit
  /// start.
  public var replaces: String?
  /// The data that is not changed and that an operator may worry about.
  public var leavesAlone: [String]
  /// The phase after which the operation cannot be cancelled; nil if it can always be cancelled.
  public var pointOfNoReturn: String?

  public init(
    title: String, phases: [Phase], destroys: [String] = [], replaces: String? = nil, leavesAlone: [String] = [],
    pointOfNoReturn: String? = nil
  ) {
    self.title = title
    self.phases = phases
    self.destroys = destroys
    self.replaces = replaces
    self.leavesAlone = leavesAlone
    self.pointOfNoReturn = pointOfNoReturn
  }
}
