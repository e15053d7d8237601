/// Answers that were given before the first question: by an answers file, and by the second words of the command line.
struct GivenAnswers: Sendable, Equatable {
  /// By `step.field`.
  var values: [String: Answer] = [:]
  /// The name of what may be destroyed, from the command line. No file can hold it.
  var confirmedName: String?

  /// Steps that ask nothing are seen all the same: for an operator who comes from another flow, not for a file.
  var showsFindings = false

  var isEmpty: Bool { values.isEmpty && confirmedName == nil }

  func answer(to field: Field, _ key: String) -> Answer? {
    switch field.kind {
    case .confirmation(let name): confirmedName == name ? .text(name) : nil
    case .secret: nil
    default: values[key]
    }
  }

  /// The answer before anybody has given all of it: what is advised, with those decisions that were given.
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
  /// Whether its answer may stand in a file.
  var canBeWritten: Bool {
    switch kind {
    case .secret, .confirmation: false
    default: true
    }
  }
}

extension Flow {
  /// A field that the flow may ask, with the step that asks it.
  struct KnownField: Sendable {
    let step: Step
    let field: Field
    var key: String { step.key(field) }
  }

  /// Every field that may be asked, in order, as it is before anything is found: the schema of the answers file.
  var knownFields: [KnownField] {
    steps.flatMap { step in
      (step.fields(Answers()) + (step.lookup?.brings ?? [])).map { KnownField(step: step, field: $0) }
    }
  }
}
