/// Answers given before the first question, by an answers file or the command line.
struct GivenAnswers: Sendable, Equatable {
  /// The answers by `step.field`.
  var values: [String: Answer] = [:]
  /// The name of the object to delete, from the command line only.
  var confirmedName: String?

  /// Whether to show steps without questions: for an operator who comes from another flow, not for a file.
  var showsFindings = false

  /// Whether to skip steps that only explain, although ``showsFindings``: the operator has read them.
  var skipsTexts = false

  /// Whether no operator can choose among proposals, see ``Step/proposes``.
  var isUnattended = false

  var isEmpty: Bool { values.isEmpty && confirmedName == nil }

  func answer(to field: Field, _ key: String) -> Answer? {
    switch field.kind {
    case .confirmation(let name): confirmedName == name ? .text(name) : nil
    case .secret: nil
    default: values[key]
    }
  }

  /// Returns the preset with partly given decisions.
  func preset(of field: Field, _ key: String, _ answers: Answers) -> Answer? {
    let preset = field.preset(answers)
    guard case .decisions(let items, let among) = field.kind, case .map(let decisions)? = values[key],
      case .map(var map)? = preset
    else { return preset }
    for item in items where map[item.id] != nil {
      guard let decision = decisions[item.id], item.possible(among).contains(where: { $0.id == decision }) else {
        continue
      }
      map[item.id] = decision
    }
    return .map(map)
  }
}

extension Field {
  /// Whether the answer can be in a file.
  var canBeWritten: Bool {
    switch kind {
    case .secret, .confirmation: false
    default: true
    }
  }
}

extension Flow {
  /// A field of a flow with its step.
  struct KnownField: Sendable {
    let step: Step
    let field: Field
    var key: String { step.key(field) }
  }

  /// All fields of the flow in order, without lookup results and without proposals: the schema of answers files.
  var knownFields: [KnownField] {
    steps.filter { $0.proposes == nil }.flatMap { step in
      (step.fields(Answers()) + (step.lookup?.brings ?? [])).map { KnownField(step: step, field: $0) }
    }
  }
}
