import Common
import Engine

/// One step of a flow: what it is for, what it asks, and what has to be looked up for it.
struct Step: Sendable {
  enum Kind: Sendable {
    /// Asks something, or explains something; what its lookup finds is shown, and a blocker among it forbids to go on.
    case questions
    /// Asks like any other step, and what is answered leads to another flow.
    case crossroads(@Sendable (Answers) -> Onward)
    /// Lists every decision and begins with the next step when the operator says so.
    case review
    case run(Runner)
    /// Shows the summary of the run before it; the last step.
    case result
  }

  let id: String
  /// One or two words, for the list of steps.
  let title: String
  /// The question or sentence at its top.
  let heading: @Sendable (Answers) -> String
  /// What it is for and what comes next.
  let explanation: @Sendable (Answers) -> [TextBlock]
  /// More of it, for those who ask for help.
  let help: [TextBlock]
  let kind: Kind
  let isVisible: @Sendable (Answers) -> Bool
  /// The fields that are there whatever the lookup finds.
  let fields: @Sendable (Answers) -> [Field]
  let lookup: Lookup?
  /// What going on means here: "begin", "continue".
  let proceed: String
  /// The way that some answers lead out of the flow; nil where they lead to its next step.
  let turnOff: @Sendable (Answers) -> Onward?

  init(
    _ id: String, _ title: String, heading: @escaping @Sendable (Answers) -> String,
    explanation: @escaping @Sendable (Answers) -> [TextBlock] = { _ in [] }, help: [TextBlock] = [],
    kind: Kind = .questions, isVisible: @escaping @Sendable (Answers) -> Bool = { _ in true },
    fields: @escaping @Sendable (Answers) -> [Field] = { _ in [] }, lookup: Lookup? = nil, proceed: String = "continue",
    turnOff: @escaping @Sendable (Answers) -> Onward? = { _ in nil }
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
    self.turnOff = turnOff
  }

  var isCrossroads: Bool {
    if case .crossroads = kind { true } else { false }
  }

  /// The key of the answer to one of its fields.
  func key(_ field: Field) -> String { "\(id).\(field.id)" }
}

/// A piece of an explanation.
enum TextBlock: Sendable, Equatable {
  case paragraph(String)
  /// Which keys do what: for screens only. It goes on where a paragraph before it ends.
  case keys(String)
  case point(String)
  /// A command line to be copied; it is never broken at a place where a shell would mind.
  case command(String)
  /// A line as it stands in a file or a log.
  case line(String)
}

extension TextBlock {
  /// With what is said of keys as a part of the paragraph before it.
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

/// Something that has to be looked up before a step can be answered. It runs on a thread of its own, never on the one
/// that draws and reads keys.
struct Lookup: Sendable {
  /// What is being done meanwhile: "Looking for organizations".
  let busy: String
  /// What the finding depends on. When this text changes, what was found no longer holds.
  let key: @Sendable (Answers) -> String
  /// The fields that it may bring, as they are before anything is found: the schema of the answers file is made of them.
  let brings: [Field]
  let find: @Sendable (Answers, Cancellation) throws -> LookupResult

  init(
    _ busy: String, key: @escaping @Sendable (Answers) -> String, brings: [Field] = [],
    find: @escaping @Sendable (Answers, Cancellation) throws -> LookupResult
  ) {
    self.busy = busy
    self.key = key
    self.brings = brings
    self.find = find
  }
}

/// What a lookup found: any of these, shown in this order.
struct LookupResult: Sendable, Equatable {
  var fields: [Field] = []
  var facts: [Summary.Fact] = []
  var findings: [Finding] = []
  /// What is going to be done.
  var plan: Plan?
  /// A sentence where there is nothing of all that.
  var remark: String?
  /// A longer text, to be read.
  var text: [TextBlock] = []
  /// Names for answers that only the finding knows: the host name of a server for its folder.
  var labels: [String: String] = [:]
  /// What is going to change in texts.
  var difference = Difference()
  /// What later steps want to know of what was found, by the key of an answer and a name.
  var known: [String: [String: String]] = [:]

  var blockers: Int { findings.count { $0.severity == .blocker } }
}

/// How a step does its work.
struct Runner: Sendable {
  /// Made on a worker thread, for it may look at a server.
  let operation: @Sendable (Answers) throws -> any Runnable
  /// What is running, for questions about it: "The move".
  var noun = "The work"
  /// It is a job of its own: it goes on when the wizard is left, and when the terminal goes away.
  var outlivesWizard = false
  /// It is only watched: somebody else may stop it, and once it has ended there is nothing to be tried again.
  var isWatched = false
}
