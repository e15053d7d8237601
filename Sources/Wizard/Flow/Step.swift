import Common
import Operations

/// A step of a flow: its explanation, its questions and its lookup.
struct Step: Sendable {
  enum Kind: Sendable {
    /// Asks or explains; a blocker found by the lookup stops the flow.
    case questions
    /// Asks like any other step, and leads to another flow.
    case branch(@Sendable (Answers) -> Destination)
    /// Lists all decisions and starts the next step on request.
    case review
    case run(Runner)
    /// Shows the summary of the preceding run; the last step.
    case result
  }

  let id: String
  /// One or two words for the list of steps.
  let title: String
  /// The question or sentence at the top.
  let heading: @Sendable (Answers) -> String
  /// The purpose, and what happens next.
  let explanation: @Sendable (Answers) -> [TextBlock]
  /// Additional explanations for the help.
  let help: [TextBlock]
  let kind: Kind
  let isVisible: @Sendable (Answers) -> Bool
  /// The fields that do not depend on the lookup.
  let fields: @Sendable (Answers) -> [Field]
  let lookup: Lookup?
  /// The label for continuing: "begin", "continue".
  let proceed: String
  /// The continuation outside the flow for some answers; nil: the next step.
  let exit: @Sendable (Answers) -> Destination?
  /// What its questions decide: a blocker about it leads back here.
  let decides: [Finding.Concern]
  /// The key of a later answer, if this step only proposes it. The step is skipped if that answer was given, and if the
  /// lookup brings nothing to choose from. Its own answers are neither reviewed nor written into answers files.
  let proposes: String?

  init(
    _ id: String, _ title: String, heading: @escaping @Sendable (Answers) -> String,
    explanation: @escaping @Sendable (Answers) -> [TextBlock] = { _ in [] }, help: [TextBlock] = [],
    kind: Kind = .questions, isVisible: @escaping @Sendable (Answers) -> Bool = { _ in true },
    fields: @escaping @Sendable (Answers) -> [Field] = { _ in [] }, lookup: Lookup? = nil, proceed: String = "continue",
    exit: @escaping @Sendable (Answers) -> Destination? = { _ in nil }, decides: [Finding.Concern] = [],
    proposes: String? = nil
  ) {
    self.id = id
    self.title = title
    self.heading = heading
    self.explanation = explanation
    self.help = help
    self.kind = kind
    self.isVisible = isVisible
    self.fields = fields
    self.lookup = lookup
    self.proceed = proceed
    self.exit = exit
    self.decides = decides
    self.proposes = proposes
  }

  var isBranch: Bool {
    if case .branch = kind { true } else { false }
  }

  /// Returns the key of the answer to a field.
  func key(_ field: Field) -> String { "\(id).\(field.id)" }
}

/// A part of an explanation.
enum TextBlock: Sendable, Equatable {
  case paragraph(String)
  /// Explains keys, on screens only. Continues a preceding paragraph.
  case keys(String)
  case point(String)
  /// A command line to copy; wrapped only where a shell continues reading.
  case command(String)
  /// A line of a file or a log.
  case line(String)
}

extension TextBlock {
  /// Returns the blocks with explanations of keys joined to the preceding paragraph.
  static func joined(_ blocks: [TextBlock]) -> [TextBlock] {
    blocks.reduce(into: []) { joined, block in
      if case .keys(let keys) = block, case .paragraph(let text)? = joined.last {
        joined[joined.count - 1] = .paragraph("\(text) \(keys)")
      } else {
        joined.append(block)
      }
    }
  }
}

/// Data that a step needs before it can be answered. It runs on its own thread, never on the drawing one.
struct Lookup: Sendable {
  /// The activity: "Looking for organizations".
  let busy: String
  /// The answers that the result depends on. When this text changes, the result is invalid.
  let key: @Sendable (Answers) -> String
  /// The fields that the result can contain, without data, for the schema of answers files.
  let brings: [Field]
  let find: @Sendable (Answers, CheckObserver) throws -> LookupResult

  init(
    _ busy: String, key: @escaping @Sendable (Answers) -> String, brings: [Field] = [],
    find: @escaping @Sendable (Answers, CheckObserver) throws -> LookupResult
  ) {
    self.busy = busy
    self.key = key
    self.brings = brings
    self.find = find
  }
}

/// The result of a lookup: its parts are shown in this order.
struct LookupResult: Sendable, Equatable {
  var fields: [Field] = []
  var facts: [Summary.Fact] = []
  var findings: [Finding] = []
  /// The effects of the operation.
  var plan: Plan?
  /// A sentence if there is nothing else.
  var remark: String?
  /// A longer text.
  var text: [TextBlock] = []
  /// Names for answers: the host name of a server for its folder.
  var labels: [String: String] = [:]
  /// The changes of texts.
  var difference = Difference()
  /// Facts for later steps, by the key of an answer and a name.
  var known: [String: [String: String]] = [:]

  var blockers: Int { findings.count { $0.severity == .blocker } }
}

/// The work of a step.
struct Runner: Sendable {
  /// Called on a worker thread, because it can access a server.
  let operation: @Sendable (Answers) throws -> any Runnable
  /// The subject of questions about it: "The move".
  var noun = "The work"
  /// Whether it is a job that continues without the wizard and the terminal.
  var outlivesWizard = false
  /// Whether it is only watched: others can cancel it, and it cannot be repeated here.
  var isWatched = false
  /// The command that watches the job without the wizard. Used while the job is running.
  var watchCommand: @Sendable (Answers) -> String = { _ in Program.command(["jobs", "attach"]) }
}
