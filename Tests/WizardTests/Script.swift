import Common
import Engine
import Synchronization
import Terminal
import Transfer

@testable import Wizard

/// A conversation with prepared answers.
final class Script: Conversation {
  private let lines: Mutex<[LineTerminal.Answer]>
  private let said = Mutex<[String]>([])

  init(_ lines: [String]) { self.lines = Mutex(lines.map { .text($0) }) }
  init(answers: [LineTerminal.Answer]) { lines = Mutex(answers) }

  func say(_ line: String) { said.withLock { $0.append(line) } }

  let bells = Mutex(0)
  func ring() { bells.withLock { $0 += 1 } }

  var isAttended: Bool {
    get { attended.withLock { $0 } }
    set { attended.withLock { $0 = newValue } }
  }
  private let attended = Mutex(true)
  /// The questions that ignored earlier input.
  let freshQuestions = Mutex<[String]>([])
  func askAfresh(_ question: String) -> LineTerminal.Answer {
    freshQuestions.withLock { $0.append(question) }
    return ask(question, hidden: false)
  }

  func ask(_ question: String, hidden: Bool) -> LineTerminal.Answer {
    let answer = lines.withLock { $0.isEmpty ? .end : $0.removeFirst() }
    said.withLock { $0.append("\(question) ->") }
    return answer
  }

  /// All output and all questions, one in each line.
  var transcript: String { said.withLock { $0.joined(separator: "\n") } }
  var leftOver: Int { lines.withLock { $0.count } }
  func says(_ text: String) -> Bool { transcript.contains(text) }
}

/// Does tasks immediately, on the caller's thread. `insteadOfRunning` replaces work by prepared events.
final class PromptExecutor: TaskExecutor {
  private var waiting: [TaskEvent] = []
  /// Returns the events for the work with this ticket.
  var insteadOfRunning: ((Int) -> [ExecutorEvent])?
  private var scripted: [ExecutorEvent] = []
  private(set) var timeouts: [Duration?] = []
  private(set) var cancellation: Cancellation?

  /// Whether lookups of lists never answer, and the operator presses Ctrl-C.
  var isDeaf = false

  func start(_ task: BackgroundTask) {
    if case .list = task.work, isDeaf {
      scripted = [.interrupted]
      return
    }
    if case .run(let make) = task.work, let insteadOfRunning {
      _ = try? make()
      cancellation = task.cancellation
      scripted = insteadOfRunning(task.ticket)
      return
    }
    let heard = Heard()
    Worker.perform(task) { heard.add($0) }
    waiting += heard.all
  }

  func wait(timeout: Duration?) -> ExecutorEvent {
    timeouts.append(timeout)
    if !waiting.isEmpty {
      defer { waiting = [] }
      return .events(waiting)
    }
    return scripted.isEmpty ? .gone : scripted.removeFirst()
  }

  private final class Heard: Sendable {
    private let events = Mutex<[TaskEvent]>([])
    func add(_ item: TaskEvent) { events.withLock { $0.append(item) } }
    var all: [TaskEvent] { events.withLock { $0 } }
  }
}

/// The linear wizard with a ``Script``.
struct LinearWalk {
  let script: Script
  let executor = PromptExecutor()
  var runner: LinearRunner

  init(_ flow: Flow, _ lines: [String], given: GivenAnswers = GivenAnswers(), width: Int? = nil) {
    self.init(flow, script: Script(lines), given: given, width: width)
  }

  init(
    _ flow: Flow, script: Script, given: GivenAnswers = GivenAnswers(), width: Int? = nil,
    consent: LinearRunner.Consent = LinearRunner.Consent()
  ) {
    self.script = script
    runner = LinearRunner(
      WizardSession(flow, given: given), voice: LinearVoice(conversation: script, width: width), executor: executor,
      consent: consent)
  }

  init(_ wizardSession: WizardSession, _ lines: [String]) {
    script = Script(lines)
    runner = LinearRunner(wizardSession, voice: LinearVoice(conversation: script, width: nil), executor: executor)
  }

  var answers: Answers { runner.session.answers }
}
