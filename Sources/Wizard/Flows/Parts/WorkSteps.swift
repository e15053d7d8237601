import Common
import FoundationEssentials
import Operations

/// The last steps of most flows: checks, review, run, result. A flow defines the operation for its answers.
struct WorkSteps: Sendable {
  /// The subject of questions: "The export".
  let noun: String
  let context: FlowContext
  let operation: @Sendable (Answers) -> any Operation

  init(_ noun: String, _ context: FlowContext, operation: @escaping @Sendable (Answers) -> any Operation) {
    self.noun = noun
    self.context = context
    self.operation = operation
  }

  /// The key of what must be confirmed by a typed name according to the checks, as sentences; empty if nothing.
  static let confirmationKey = "checks.confirmation"

  /// Checks for everything that could fail, before any change.
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
      lookup: Lookup("Checking", key: { Self.fingerprint(operation($0)) }) { answers, observer in
        let findings = try engine.findings(operation(answers), observer)
        return LookupResult(
          findings: findings, labels: [Self.confirmationKey: Finding.confirmation(of: findings) ?? ""])
      })
  }

  /// Shows every decision, the effects, and the equivalent commands.
  ///
  /// - Parameter proceed: the label for the start: "Start the export".
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
      lookup: Lookup("Working out the plan", key: { Self.fingerprint(operation($0)) }) { answers, observer in
        LookupResult(plan: try engine.plan(operation(answers), observer))
      }, proceed: proceed)
  }

  /// - Parameter title: the title in the list of steps: "Export".
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
          outlivesWizard: engine.runsJobs, watchCommand: { Self.watchCommand(operation($0)) })), isVisible: isVisible)
  }

  func result(heading: @escaping @Sendable (Answers) -> String) -> Step {
    Step(
      "result", "Result", heading: heading,
      help: [.paragraph("The same text stays in your terminal when you leave.")], kind: .result,
      proceed: "Leave the wizard")
  }

  /// The equivalent command lines.
  var commands: @Sendable (Answers) -> [String] {
    { [operation] in operation($0).commands.map(\.text) }
  }

  /// Returns the command that watches the running job of an operation.
  private static func watchCommand(_ operation: any Operation) -> String {
    guard let server = operation.servers.first else { return Program.command(["jobs", "attach"]) }
    return ProgramCommand(["jobs", "attach"], on: server).text
  }

  /// Returns a text that is equal for equal operations, whatever the order of decisions.
  static func fingerprint(_ operation: any Operation) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = (try? encoder.encode(operation)).map { String(decoding: $0, as: UTF8.self) }
    return "\(type(of: operation).kind) \(text ?? String(describing: operation))"
  }
}

extension String {
  var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
