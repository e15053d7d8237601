/// The result of an operation, for the result screen, the report and `--json`.
public struct Summary: Sendable, Codable, Equatable {
  /// One sentence in the past tense.
  public var title: String
  /// Named values in display order, for example ("Messages", "559").
  public var facts: [Fact]
  /// Sentences that the operator should read.
  public var warnings: [String]
  /// The actions for the operator, in order.
  public var nextSteps: [Step]

  public init(title: String, facts: [Fact] = [], warnings: [String] = [], nextSteps: [Step] = []) {
    self.title = title
    self.facts = facts
    self.warnings = warnings
    self.nextSteps = nextSteps
  }

  public subscript(id: Fact.ID) -> Fact? { facts.first { $0.id == id } }

  public struct Fact: Sendable, Codable, Equatable {
    /// The identity of a fact, for programs; nil if no program uses it.
    public enum ID: String, Sendable, Codable {
      case address, messages, users, channels, files, userIDs, size, leftOut
    }

    public var name: String
    public var value: String
    public var id: ID?
    /// The amounts in ``value`` as numbers, by ``Measure``; nil if it contains none.
    public var amounts: [String: Int64]?

    public init(_ name: String, _ value: String, id: ID? = nil, amounts: [Measure: Int64] = [:]) {
      self.name = name
      self.value = value
      self.id = id
      self.amounts = Measure.named(amounts)
    }
  }

  /// An action for the operator, with lines to copy in order: commands or values.
  public struct Step: Sendable, Equatable {
    /// The identity of a step, for programs; nil if no program uses it.
    public enum ID: String, Sendable, Codable {
      case reactivate, restart, deleteTestImport
    }

    /// What this program can do about a step. Roots are "/" in production; subdomains and paths are as given.
    public enum Action: Sendable, Codable, Equatable {
      case restart(root: String)
      case reactivate(root: String, subdomain: String)
      case sendPasswordResets(root: String, subdomain: String)
      /// Compares the settings and secrets of a server with those of another one.
      case compareSettings(root: String, with: String)
      case verify(archive: String)
      case rehearse(backup: String)
      case deleteOrganization(root: String, subdomain: String)
    }

    public var text: String
    public var commands: [String]
    public var id: ID?
    /// Nil: the operator does it by other means.
    public var action: Action?

    /// Returns the step with what this program can do about it.
    public func with(_ action: Action) -> Step {
      var step = self
      step.action = action
      return step
    }

    public init(_ text: String, command: String? = nil, id: ID? = nil) {
      self.init(text, commands: command.map { [$0] } ?? [], id: id)
    }

    public init(_ text: String, commands: [String], id: ID? = nil) {
      self.text = text
      self.commands = commands
      self.id = id
    }
  }

  /// The next steps as plain lines; lines to copy start with `$ `.
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

  /// Encodes `nextSteps` as plain lines, like ``nextStepLines``, which existing scripts read; `steps` contains the
  /// structure.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(title, forKey: .title)
    try container.encode(facts, forKey: .facts)
    try container.encode(warnings, forKey: .warnings)
    try container.encode(nextStepLines, forKey: .nextSteps)
    if nextSteps.contains(where: { $0.id != nil || $0.action != nil || !$0.commands.isEmpty }) {
      try container.encode(nextSteps, forKey: .steps)
    }
  }

  /// Decodes journals of earlier versions too, which have no `steps`.
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
