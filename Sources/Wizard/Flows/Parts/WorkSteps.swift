import Common
import Engine
import FoundationEssentials

/// Steps that most flows end with: checks, review, run, result. A flow says what its answers come to, as one
/// ``JobDescription``, and these do the rest.
struct WorkSteps: Sendable {
  /// What the work is called in questions about it: "The export".
  let noun: String
  let context: FlowContext
  let job: @Sendable (Answers) -> JobDescription

  init(_ noun: String, _ context: FlowContext, job: @escaping @Sendable (Answers) -> JobDescription) {
    self.noun = noun
    self.context = context
    self.job = job
  }

  /// Under this key later steps find, as sentences, what the checks want to be confirmed by a typed name; empty: nothing.
  static let confirmationKey = "checks.confirmation"

  /// Everything that could go wrong, looked at before anything is changed.
  func checks(
    heading: String = "Is everything ready?", help: [TextBlock] = [],
    isVisible: @escaping @Sendable (Answers) -> Bool = { _ in true }
  ) -> Step {
    let engine = context.engine
    let job = job
    return Step(
      "checks", "Checks", heading: { _ in heading },
      explanation: { _ in
        [.paragraph("Everything that could go wrong is looked at now. Nothing is changed by looking.")]
      },
      help: [
        .paragraph(
          "What stands in the way has to be solved first: do what is advised, then look again. What deserves attention "
            + "is yours to judge; you can go on.")
      ] + help, isVisible: isVisible,
      lookup: Lookup("Checking", key: { Self.fingerprint(job($0)) }) { answers, _ in
        let findings = try engine.findings(job(answers))
        return Material(
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
    let job = job
    return Step(
      "review", "Review", heading: { _ in heading },
      explanation: { _ in
        [
          .paragraph("This is what you decided; nothing has been changed yet."), .keys("Enter on a line changes it."),
        ]
      },
      help: [.paragraph("The command lines at the end do the same without the wizard; a script can run them.")] + help,
      kind: .review, isVisible: isVisible,
      lookup: Lookup("Working out the plan", key: { Self.fingerprint(job($0)) }) { answers, _ in
        Material(plan: try engine.plan(job(answers)))
      }, proceed: proceed)
  }

  /// - Parameters:
  ///   - title: for the list of steps: "Export".
  ///   - weights: how long each phase takes compared with the others; 1 unless named.
  func run(
    _ title: String, heading: @escaping @Sendable (Answers) -> String, help: [TextBlock] = [],
    weights: [String: Double] = [:], isVisible: @escaping @Sendable (Answers) -> Bool = { _ in true }
  ) -> Step {
    let engine = context.engine
    let job = job
    return Step(
      "run", title, heading: heading,
      help: [
        .paragraph(
          engine.runsJobs
            ? "You need not stay and watch: \(noun.lowercasedFirst) goes on when you leave, and when your connection "
              + "breaks. The next start of the wizard shows it again. Ctrl-O shows all that has been reported so far."
            : "You need not stay and watch. Ctrl-O shows all that has been reported so far."),
        .paragraph("Esc stops it, after a question."),
      ] + help,
      kind: .run(
        Runner(
          operation: { try engine.operation(job($0)) }, weights: weights, noun: noun,
          outlivesWizard: engine.runsJobs)), isVisible: isVisible)
  }

  func result(heading: @escaping @Sendable (Answers) -> String) -> Step {
    Step(
      "result", "Result", heading: heading,
      help: [.paragraph("The same text stays in your terminal when you leave.")], kind: .result,
      proceed: "Leave the wizard")
  }

  /// Two descriptions are the same when their text is, whatever order a table of decisions has come into.
  static func fingerprint(_ job: JobDescription) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return (try? encoder.encode(job)).map { String(decoding: $0, as: UTF8.self) } ?? String(describing: job)
  }
}

extension String {
  fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
