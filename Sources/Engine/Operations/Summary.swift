/// The result of an operation, for the result screen, the report and `--json`.
public struct Summary: Sendable, Codable, Equatable {
  /// One sentence in the past tense.
  public var title: String
  /// Named amounts in the order in which they should be shown: ("Messages", "559").
  public var facts: [Fact]
  /// Sentences that the operator should read.
  public var warnings: [String]
  /// What the operator should do next, in order.
  public var nextSteps: [Step]

  public init(title: String, facts: [Fact] = [], warnings: [String] = [], nextSteps: [Step] = []) {
    self.title = title
    self.facts = facts
    self.warnings = warnings
    self.nextSteps = nextSteps
  }

  public subscript(id: Fact.ID) -> Fact? { facts.first { $0.id == id } }

  public struct Fact: Sendable, Codable, Equatable {
    /// What the fact is about, for programs; nil where none asks for it.
    public enum ID: String, Sendable, Codable {
      case address, messages, users, channels, files, userIDs, size
    }

    public var name: String
    public var value: String
    public var id: ID?

    public init(_ name: String, _ value: String, id: ID? = nil) {
      self.name = name
      self.value = value
      self.id = id
    }
  }

  /// One thing to do, with the lines that are to be copied for it, in order: commands, or values.
  public struct Step: Sendable, Equatable {
    /// What the step is, for programs; nil where none asks for it.
    public enum ID: String, Sendable, Codable {
      case reactivate, restart
    }

    public var text: String
    public var commands: [String]
    public var id: ID?

    public init(_ text: String, command: String? = nil, id: ID? = nil) {
      self.init(text, commands: command.map { [$0] } ?? [], id: id)
    }

    public init(_ text: String, commands: [String], id: ID? = nil) {
      self.text = text
      self.commands = commands
      self.id = id
    }
  }

  /// The next steps as plain lines; those that are to be copied begin with `$ `.
  public var nextStepLines: [String] { nextSteps.flatMap { [$0.text] + $0.commands.map { "$ \($0)" } } }
}

extension Summary.Step: ExpressibleByStringInterpolation {
  public init(stringLiteral text: String) { self.init(text) }
}

// MARK: As JSON

extension Summary {
  private enum CodingKeys: String, CodingKey {
    case title, facts, warnings, nextSteps, steps
  }

  /// `nextSteps` holds plain lines, as ``nextStepLines``: what scripts have always read. `steps` holds the structure.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(title, forKey: .title)
    try container.encode(facts, forKey: .facts)
    try container.encode(warnings, forKey: .warnings)
    try container.encode(nextStepLines, forKey: .nextSteps)
    if nextSteps.contains(where: { $0.id != nil || !$0.commands.isEmpty }) {
      try container.encode(nextSteps, forKey: .steps)
    }
  }

  /// Reads journals of earlier versions too, which have no `steps`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    title = try container.decode(String.self, forKey: .title)
    facts = try container.decode([Fact].self, forKey: .facts)
    warnings = try container.decode([String].self, forKey: .warnings)
    let lines = try container.decode([String].self, forKey: .nextSteps)
    nextSteps = try container.decodeIfPresent([Step].self, forKey: .steps) ?? Self.steps(lines)
  }

  private static func steps(_ lines: [String]) -> [Step] {
    lines.reduce(into: []) { steps, line in
      if line.hasPrefix("$ "), !steps.isEmpty {
        steps[steps.count - 1].commands.append(String(line.dropFirst(2)))
      } else {
        steps.append(Step(line))
      }
    }
  }
}

extension Summary.Step: Codable {}
