import Common
import Engine
import FoundationEssentials

/// Steps that most flows end with: checks, review, run, result. A flow says which operation its answers come to, and these
/// do the rest.
struct WorkSteps: Sendable {
  /// What the work is called in questions about it: "The export".
  let noun: String
  let context: FlowContext
  let operation: @Sendable (Answers) -> any Operation

  init(_ noun: String, _ context: FlowContext, operation: @escaping @Sendable (Answers) -> any Operation) {
    self.noun = noun
    self.context = context
    self.operation = operation
  }

  /// Under this key later steps find, as sentences, what the checks want to be confirmed by a typed name; empty: nothing.
  static let confirmationKey = "checks.confirmation"

  /// Everything that could go wrong, looked at before anything is changed.
  func checks(
    heading: String = "Is everything ready?", help: [TextBlock] = [],
    isVisible: @escaping @Sendable (Answers) -> Bool = { _ in true }
  ) -> Step {
    let engine = context.engine
    let operation = operation
    return Step(
      "checks", "Checks", heading: { _ in heading },
      explanation: { _ in
        [.paragraph("Checks look for everything that could fail. They change nothing.")]
      },
      help: [
        .paragraph(
          "Resolve blockers first: follow the advice, then check again. Warnings are yours to judge: you can "
            + "continue with them.")
      ] + help, isVisible: isVisible,
      lookup: Lookup("Checking", key: { Self.fingerprint(operation($0)) }) { answers, _ in
        let findings = try engine.findings(operation(answers))
        return LookupResult(
          findings: findings, labels: [Self.confirmationKey: Finding.confirmation(of: findings) ?? ""])
      })
  }

  /// Every decision, what goes and what stays, the same as commands.
  ///
  /// - Parameter proceed: what begins: "Start the export".
  func review(
    heading: String, proceed: String, help: [TextBlock] = [],
    isVisible: @escaping @Sendable (Answers) -> Bool = { _ in true }
  ) -> Step {
    let engine = context.engine
    let operation = operation
    return Step(
      "review", "Review", heading: { _ in heading },
      explanation: { _ in
        [
          .paragraph("These are your decisions. Nothing has been changed yet."), .keys("Enter on a line changes it."),
        ]
      },
      help: [.paragraph("The commands at the end do the same without the wizard; a script can run them.")] + help,
      kind: .review, isVisible: isVisible,
      lookup: Lookup("Working out the plan", key: { Self.fingerprint(operation($0)) }) { answers, _ in
        LookupResult(plan: try engine.plan(operation(answers)))
      }, proceed: proceed)
  }

  /// - Parameter title: for the list of steps: "Export".
  func run(
    _ title: String, heading: @escaping @Sendable (Answers) -> String, help: [TextBlock] = [],
    isVisible: @escaping @Sendable (Answers) -> Bool = { _ in true }
  ) -> Step {
    let engine = context.engine
    let operation = operation
    return Step(
      "run", title, heading: heading,
      help: [
        .paragraph(
          engine.runsJobs
            ? "You do not have to watch: \(noun.lowercasedFirst) continues when you leave, and when your connection "
              + "breaks. The next start of the wizard shows it again. Ctrl-O shows the report so far."
            : "You do not have to watch. Ctrl-O shows the report so far."),
        .paragraph("Esc stops it, after a confirmation."),
      ] + help,
      kind: .run(
        Runner(
          operation: { try engine.work(operation($0)) }, noun: noun,
          outlivesWizard: engine.runsJobs)), isVisible: isVisible)
  }

  func result(heading: @escaping @Sendable (Answers) -> String) -> Step {
    Step(
      "result", "Result", heading: heading,
      help: [.paragraph("The same text stays in your terminal when you leave.")], kind: .result,
      proceed: "Leave the wizard")
  }

  /// The same as command lines of this program.
  var commands: @Sendable (Answers) -> [String] {
    { [operation] in operation($0).commands.map(\.text) }
  }

  /// Two operations are the same when their text is, whatever order a table of decisions has come into.
  static func fingerprint(_ operation: any Operation) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = (try? encoder.encode(operation)).map { String(decoding: $0, as: UTF8.self) }
    return "\(type(of: operation).kind) \(text ?? String(describing: operation))"
  }
}

extension String {
  fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
