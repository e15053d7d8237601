/// What an operation is going to do, in words and amounts, before it does anything.
public struct Plan: Sendable, Codable, Equatable {
  public struct Phase: Sendable, Codable, Equatable {
    /// Stable within the operation; the events of the run name it.
    public var id: String
    /// "Export messages".
    public var title: String
    /// How much there is to do, where that is known: "559 messages".
    public var amount: String?
    /// The expected duration compared with the other phases, see ``OperationPhase/weight``; nil: 1.
    public var weight: Double?

    public init(_ phase: some OperationPhase, amount: String? = nil) {
      self.init(id: phase.id, title: phase.title, amount: amount, weight: phase.weight)
    }

    init(id: String, title: String, amount: String? = nil, weight: Double = 1) {
      self.id = id
      self.title = title
      self.amount = amount
      self.weight = weight == 1 ? nil : weight
    }
  }

  /// One sentence: what is done to what.
  public var title: String
  public var phases: [Phase]
  /// What is gone afterwards; empty for most.
  public var destroys: [String]
  /// What another state takes the place of, and is kept; nil for most. Not begun by a slip, either.
  public var replaces: String?
  /// What a worried operator wants to hear is left alone.
  public var leavesAlone: [String]
  /// The phase at whose end it can no longer be stopped, in words; nil where it can be stopped at any time.
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
